/** `tiffin help formatting`. */

export const text = `  --format table                          columns with a heading (of lists, the default)
  --format 'table {{.Names}}\\t{{.Status}}'  these columns
  --format json                           one JSON object per line
  --format '{{.Names}}'                   a Go template per object
  inspect -f '{{.State.Pid}}'             a field of the object as inspect prints it

In a template:
  {{json .Config}} {{join .Args ","}} {{split .Image ":"}} {{lower .ID}} {{upper .ID}} {{title .State}}
  {{pad .Name 1 1}} {{truncate .ID 6}} {{println .ID}} {{printf "%-20s" .Names}} {{len .Mounts}}
  {{index .Config.Labels "com.example.key"}} {{slice .Args 1}}
  {{range .Mounts}}{{.Destination}} {{else}}none{{end}}
  {{range $name, $net := .NetworkSettings.Networks}}{{$name}}={{$net.IPAddress}} {{end}}
  {{with .State.Health}}{{.Status}}{{end}}
  {{if and .State.Running (gt .State.Pid 1)}}yes{{else}}no{{end}}     eq ne lt le gt ge and or not
  {{.Image | lower | printf "%s!"}}

-q prints ids alone, --no-trunc whole ids and commands.
`;
