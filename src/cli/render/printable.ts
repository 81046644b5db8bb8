/** Texts that images, registries and containers chose, for a terminal: what it would obey (ECMA-48 controls) becomes blank. */
export function printable(text: string): string {
  let plain = '';
  let copied = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x20 && (code < 0x7f || code >= 0xa0)) continue;
    plain += `${text.slice(copied, at)} `;
    copied = at + 1;
  }
  return copied === 0 ? text : plain + text.slice(copied);
}
