{{/* The name of a service's objects, of (list $ service). */}}
{{- define "crossover.name" -}}
{{- $root := index . 0 -}}
{{- printf "%s-%s" ($root.Release.Name | trunc 50 | trimSuffix "-") (index . 1) -}}
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
{{- $root := index . 0 -}}
{{ include "crossover.selector" . }}
{{ include "crossover.release" $root }}
{{- end -}}

{{/* The labels of a release, of $. */}}
{{- define "crossover.release" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The image: by digest where one is given. */}}
{{- define "crossover.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* How many pods of a service there may be at once, a rollout's among them, of (list $ pods). */}}
{{- define "crossover.mostPods" -}}
{{- $pods := index . 1 -}}
{{- $most := ternary $pods.autoscaling.max $pods.replicas $pods.autoscaling.enabled | int -}}
{{- add $most (div (add (mul $most ((index . 0).Values.rollout.surgePercent | int)) 99) 100) -}}
{{- end -}}
