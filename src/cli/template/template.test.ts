/** Expectations are what the stock docker client 28.2 prints for the same template and data. */

import { expect, test } from 'bun:test';
import { compileTemplate } from './template.ts';

const data = {
  Id: '96586c3e89b50c4fa962',
  Name: '/c1',
  Args: ['1000'],
  State: { Status: 'running', Running: true, ExitCode: 0 },
  Config: { Labels: { c: 'd', a: 'b' }, Env: ['X=1'], Image: 'bb' },
  HostConfig: {
    Memory: 0,
    Binds: null,
    MemorySwappiness: null,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  },
  NetworkSettings: {
    Ports: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }], '53/udp': null },
    Networks: { bridge: { IPAddress: '172.17.0.2' }, a: { IPAddress: '10.0.0.2' } },
  },
  Mounts: [{ Source: '/a', Destination: '/b' }],
};

const maps = new Set<object>([
  data.Config.Labels,
  data.NetworkSettings.Ports,
  data.NetworkSettings.Networks,
]);
const options = {
  isMap: (value: object) => maps.has(value),
  mayLack: (name: string) => name === 'Health',
};

const render = (template: string) => compileTemplate(template).execute(data, options);

test.each([
  ['{{.Name}}', '/c1'],
  ['{{.ID}}', '96586c3e89b50c4fa962'],
  ['{{.Config.Labels}}', 'map[a:b c:d]'],
  ['{{.Config.Labels.zzz}}', '<no value>'],
  ['{{index .Config.Labels "zzz"}}', ''],
  ['{{index .Config.Labels "a"}}', 'b'],
  ['{{.Config.Env}}', '[X=1]'],
  ['{{.HostConfig.Memory}} {{.HostConfig.MemorySwappiness}}', '0 <nil>'],
  ['{{.HostConfig.RestartPolicy}}', '{no 0}'],
  [
    '{{json .Config.Labels}} {{json .HostConfig.Binds}} {{json .Args}}',
    '{"c":"d","a":"b"} null ["1000"]',
  ],
  ['{{if .State.Health}}x{{else}}y{{end}}', 'y'],
  ['{{if .State.Running}}up{{else if .Name}}named{{else}}down{{end}}', 'up'],
  ['{{if eq .Name "z"}}z{{else if eq .Name "/c1"}}c{{else}}d{{end}}', 'c'],
  ['{{range .Config.Env}}{{println .}}{{end}}', 'X=1\n'],
  ['{{range $i, $e := .Config.Env}}{{$i}}={{$e}};{{end}}', '0=X=1;'],
  [
    '{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{$v.IPAddress}}|{{end}}',
    'a 10.0.0.2|bridge 172.17.0.2|',
  ],
  ['{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}', '10.0.0.2 172.17.0.2 '],
  ['{{range .HostConfig.Binds}}x{{else}}none{{end}}', 'none'],
  ['{{range .Mounts}}{{.Source}}:{{.Destination}}{{end}}', '/a:/b'],
  ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', '8080'],
  [
    '{{range $p, $c := .NetworkSettings.Ports}}{{$p}}{{if $c}}={{(index $c 0).HostPort}}{{end}} {{end}}',
    '53/udp 80/tcp=8080 ',
  ],
  ['{{with .Name}}{{.}}{{end}}', '/c1'],
  ['{{with .HostConfig.Binds}}x{{else}}y{{end}}', 'y'],
  [
    '{{printf "%s %d %v %q %5d|%-5s|" .Name .HostConfig.Memory .State.Running .Name 3 "ab"}}',
    '/c1 0 true "/c1"     3|ab   |',
  ],
  ['{{.Id | printf "%.12s"}}', '96586c3e89b5'],
  [
    '{{len .Config.Env}} {{eq .State.Status "running"}} {{and true .State.Running}} {{or "" "x"}} {{not true}}',
    '1 true true x false',
  ],
  ['{{slice .Id 0 12}}', '96586c3e89b5'],
  [
    '{{upper .Name}} {{title "ab cd"}} {{join .Config.Env ","}} {{split "a,b" ","}} {{pad "a" 1 2}}| {{truncate "abcdef" 3}} {{lower "AB"}}',
    '/C1 Ab Cd X=1 [a b]  a  | abc ab',
  ],
  ['{{ .Name }}{{- " x" -}}   y', '/c1 xy'],
  ['a  {{- /* c */ -}}  z', 'az'],
  ['{{/* c */}}z', 'z'],
  ['{{1.5}} {{1e6}} {{0x10}} {{100000.0}} {{0.00001}}', '1.5 1e+06 16 100000 1e-05'],
  [
    '{{"a\\tb"}} {{`raw`}} {{print 1 2 "a" "b" 3}} {{html "<a>"}} {{js "it\'s"}} {{urlquery "a b"}}',
    "a\tb raw 1 2ab3 &lt;a&gt; it\\'s a+b",
  ],
  ['{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}', '12'],
  ['{{index .Name 0}}', '47'],
  ['{{lt 1 2}}{{gt 1 2}}{{le 2 2}}{{ne 1 2}}{{eq 3 1 2 3}}', 'truefalsetruetruetrue'],
  ['{{range $i := split "a,b,c" ","}}{{if eq $i "b"}}{{continue}}{{end}}{{$i}}{{end}}', 'ac'],
  ['{{range split "a,b,c" ","}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
  ['{{$.Name}} {{range .Args}}{{$.Name}}{{end}}', '/c1 /c1'],
  ['{{.Config.Image | upper | printf "%s!"}}', 'BB!'],
  ['{{len "é"}}', '2'],
  ['no action', 'no action'],
])('execute of %p', (template, text) => {
  expect(render(template)).toBe(text);
});

test.each([
  ['{{.Foo}}', 'template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"'],
  [
    '{{.State.Foo}}',
    'template: :1:8: executing "" at <.State.Foo>: map has no entry for key "Foo"',
  ],
  [
    '{{index .Config.Env 9}}',
    'template: :1:2: executing "" at <index .Config.Env 9>: error calling index: index out of range: 9',
  ],
  ['{{.State.Health.Status}}', 'map has no entry for key "Health"'],
  ['{{nil}}', 'template: :1:2: executing "" at <nil>: nil is not a command'],
  [
    '{{.Name.Foo}}',
    `template: :1:7: executing "" at <.Name.Foo>: can't evaluate field Foo in type interface {}`,
  ],
  [
    '{{eq 1 "a"}}',
    'template: :1:2: executing "" at <eq 1 "a">: error calling eq: incompatible types for comparison',
  ],
])('execute of %p fails', (template, message) => {
  expect(() => render(template)).toThrow(message);
});

test.each([
  ['{{', 'template: :1: unclosed action'],
  ['{{.A', 'template: :1: unclosed action'],
  ['{{foo .A}}', 'template: :1: function "foo" not defined'],
  ['{{if}}', 'template: :1: missing value for if'],
  ['{{}}', 'template: :1: missing value for command'],
  ['{{else}}', 'template: :1: unexpected {{else}}'],
  ['{{end}}', 'template: :1: unexpected {{end}}'],
  ['\n{{range .A}}', 'template: :2: unexpected EOF'],
  ['{{"abc}}', 'template: :1: unterminated quoted string'],
  ['{{$y}}', 'template: :1: undefined variable "$y"'],
  ['{{if .A}}{{$z := 1}}{{end}}{{$z}}', 'template: :1: undefined variable "$z"'],
  ['{{(.A}}', 'template: :1: unclosed left paren'],
  ['{{break}}', 'template: :1: {{break}} outside {{range}}'],
])('compileTemplate refuses %p', (template, message) => {
  expect(() => compileTemplate(template)).toThrow(message);
});

test('compileTemplate calls methods of rows with their arguments', () => {
  const row = { Label: (name: string) => `<${name}>`, Names: 'a' };
  expect(compileTemplate('{{.Label "x"}} {{.Names}}').execute(row)).toBe('<x> a');
});

test('compileTemplate reads no inherited property', () => {
  expect(() => compileTemplate('{{.constructor}}').execute({}, { isMap: () => false })).toThrow(
    'no entry',
  );
  expect(compileTemplate('{{.__proto__}}').execute({})).toBe('<no value>');
});
