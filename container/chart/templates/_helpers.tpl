{{/* The release's name, as short as names of objects need it. */}}
{{- define "crossover.release" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of a service's objects, of (list $ service). */}}
{{- define "crossover.name" -}}
{{- printf "%s-%s" (include "crossover.release" (index . 0)) (index . 1) -}}
{{- end -}}

{{/* The labels that select a service's pods, of (list $ service). They may never change. */}}
{{- define "crossover.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* All labels of a service's objects, of (list $ service). */}}
{{- define "crossover.labels" -}}
{{ include "crossover.selector" . }}
{{ include "crossover.versions" (index . 0) }}
{{- end -}}

{{/* The labels that change with a version. */}}
{{- define "crossover.versions" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The image: by digest where one is given. */}}
{{- define "crossover.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
How many pods of a service may have connections at once, of (list $ pods): all that a rollout has replaced, which keep theirs until their grace period
is over, as many new ones, and the surge of the next rollout, as a rollback is. A surge is rounded up.
*/}}
{{- define "crossover.mostPods" -}}
{{- $pods := index . 1 -}}
{{- $most := ternary $pods.autoscaling.max $pods.replicas $pods.autoscaling.enabled | int -}}
{{- add (mul 2 $most) (div (add (mul $most ((index . 0).Values.rollout.surgePercent | int)) 99) 100) -}}
{{- end -}}

{{/* Where the load balancer answers, as far as values say it. */}}
{{- define "crossover.url" -}}
{{- $secure := and (eq .Values.ingress.className "alb") .Values.ingress.certificateArn -}}
{{- $host := ternary "ADDRESS" .Values.ingress.host (or (not .Values.ingress.host) (hasPrefix "*" .Values.ingress.host)) -}}
{{- printf "%s://%s" (ternary "https" "http" (not (empty $secure))) $host -}}
{{- end -}}

{{/* A quantity of CPUs in thousandths. */}}
{{- define "crossover.millis" -}}
{{- if hasSuffix "m" . }}{{ trimSuffix "m" . }}{{ else }}{{ mulf (float64 .) 1000 | int }}{{ end -}}
{{- end -}}

{{/* A quantity of memory in MiB. */}}
{{- define "crossover.mebibytes" -}}
{{- mul (ternary 1024 1 (hasSuffix "Gi" .)) (trimSuffix "Gi" (trimSuffix "Mi" .) | int) -}}
{{- end -}}
