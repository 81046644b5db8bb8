/** The `WWW-Authenticate` header (RFC 9110 section 11.6.1) as registries use it. One pass, no regular expression. */

export interface Challenge {
  scheme: 'bearer' | 'basic';
  parameters: ReadonlyMap<string, string>;
}

/** A longer header is refused rather than read. */
const maxLength = 8192;

/** The first challenge whose scheme Tiffin speaks, Bearer before Basic; undefined when there is none. */
export function parseChallenge(header: string): Challenge | undefined {
  if (header.length > maxLength) return undefined;
  const challenges = splitChallenges(header);
  return (
    challenges.find(({ scheme }) => scheme === 'bearer') ??
    challenges.find(({ scheme }) => scheme === 'basic')
  );
}

function splitChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let parameters = new Map<string, string>();
  for (const part of splitOutsideQuotes(header)) {
    const { scheme, rest } = leadingScheme(part);
    if (scheme !== undefined) {
      parameters = new Map();
      challenges.push({ scheme, parameters });
    }
    const equals = rest.indexOf('=');
    if (equals > 0)
      parameters.set(
        rest.slice(0, equals).trim().toLowerCase(),
        unquote(rest.slice(equals + 1).trim()),
      );
  }
  return challenges;
}

/** `Bearer realm="x"` starts a challenge; `service="y"` goes on with it. */
function leadingScheme(part: string): { scheme: Challenge['scheme'] | undefined; rest: string } {
  const space = part.indexOf(' ');
  const word = (space === -1 ? part : part.slice(0, space)).toLowerCase();
  if (word !== 'bearer' && word !== 'basic') return { scheme: undefined, rest: part };
  return { scheme: word, rest: space === -1 ? '' : part.slice(space + 1).trim() };
}

function splitOutsideQuotes(text: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\' && quoted) at += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts.filter((part) => part !== '');
}

function unquote(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  let plain = '';
  for (let at = 1; at < text.length - 1; at += 1) {
    if (text[at] === '\\' && at + 1 < text.length - 1) at += 1;
    plain += text[at];
  }
  return plain;
}
