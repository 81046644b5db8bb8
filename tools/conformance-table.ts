/**
 * What conformance tests found, as one table: passes by document of the specification and runtime, by caller, and on another
 * kernel; then every known difference with its reason.
 */

import { readFileSync } from 'node:fs';

/** Groups of tests whose cases the table counts. */
export const CONFORMANCE_GROUPS: readonly string[] = ['conformance', 'vm'];

interface Case {
  file: string;
  name: string;
  failed: boolean;
}

interface Row {
  passed: number;
  different: number;
  failed: number;
}

/** `reports`: files of the JUnit reporter. @throws when none of them holds a case. */
export function printConformance(reports: readonly string[]): void {
  const cases = reports.flatMap((report) => readCases(readFileSync(report, 'utf8')));
  if (cases.length === 0) throw new Error('no test ran');
  console.log(`\n${versions().join('\n')}\n`);
  printTable(cases);
  printReasons(cases);
}

/** The reporter escapes quotes in attributes, so that an attribute ends at the next one. */
function readCases(xml: string): Case[] {
  return xml
    .split('<testcase ')
    .slice(1)
    .map((text) => ({
      file: attribute(text, 'file'),
      name: attribute(text, 'name'),
      failed: text.includes('<failure') || text.includes('<error'),
    }));
}

function attribute(text: string, name: string): string {
  const value = ` ${text}`.split(` ${name}="`)[1] ?? '';
  return (value.split('"')[0] ?? '')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function printTable(cases: readonly Case[]): void {
  const rows = new Map<string, Row>();
  for (const each of cases) {
    const document = each.file.split('/').at(-1)?.replace('.test.ts', '') ?? '';
    const label = labelOf(each, document);
    const row = rows.get(label) ?? { passed: 0, different: 0, failed: 0 };
    if (each.failed) row.failed += 1;
    else if (reasonOf(each.name) !== undefined) row.different += 1;
    else row.passed += 1;
    rows.set(label, row);
  }
  console.log(`${'what'.padEnd(32)} passed  known differences  failed`);
  for (const [label, { passed, different, failed }] of [...rows].sort()) {
    const numbers = `${String(passed).padStart(6)}  ${String(different).padStart(17)}`;
    console.log(`${label.padEnd(32)} ${numbers}  ${String(failed).padStart(6)}`);
  }
}

function labelOf({ file, name }: Case, document: string): string {
  if (file.includes('/callers/')) return `tiffin under ${document}`;
  if (file.includes('/vm/')) return `tiffin in qemu: ${document}`;
  return `${runtimeOf(name)} ${document}.md`;
}

function printReasons(cases: readonly Case[]): void {
  const reasons = cases.filter(({ name }) => reasonOf(name) !== undefined);
  if (reasons.length > 0) console.log('\nknown differences:');
  for (const { name } of reasons) console.log(`  ${name}`);
}

function runtimeOf(name: string): string {
  return name.split(':')[0] ?? '';
}

function reasonOf(name: string): string | undefined {
  return name.split(' (not so: ')[1];
}

/** First lines of what the programs say of themselves, with the date and the kernel. */
function versions(): string[] {
  const commands = [
    ['dist/tiffin', '--version'],
    ['runc', '--version'],
    ['crun', '--version'],
    ['containerd', '--version'],
    ['dockerd', '--version'],
    ['podman', '--version'],
    ['uname', '-sr'],
  ];
  const lines = commands.map((command) => {
    const text = Bun.spawnSync(command).stdout.toString();
    return text.split('\n')[0] ?? '';
  });
  return [new Date().toISOString().slice(0, 10), ...lines];
}
