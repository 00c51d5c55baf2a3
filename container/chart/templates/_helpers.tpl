{{/* What names of objects begin with, as short as they need it: the release, or fullnameOverride. */}}
{{- define "crossover.release" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of a service's objects, of (list $ service). */}}
{{- define "crossover.name" -}}
{{- printf "%s-%s" (include "crossover.release" (index . 0)) (index . 1) -}}
{{- end -}}

{{/* The labels that select a service's pods, of (list $ service). They may never change. */}}
{{- define "crossover.selector" -}}
{{- $root := index . 0 -}}
{{ include "crossover.instance" $root }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* The labels that select every object of the release. */}}
{{- define "crossover.instance" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The values of a service's pods, of (list $ service own): what is set for it over what is set for all. */}}
{{- define "crossover.pods" -}}
{{- mergeOverwrite (deepCopy (index . 0).Values.pods) (deepCopy (index . 2)) | toJson -}}
{{- end -}}

{{/* The service account of a service's pods, of (list $ service pods). */}}
{{- define "crossover.account" -}}
{{- $account := (index . 2).serviceAccount -}}
{{- $account.name | default (ternary (include "crossover.name" .) "default" $account.create) -}}
{{- end -}}

{{/* The variable that has a service's store, of a service's name. */}}
{{- define "crossover.storeVariable" -}}
{{- printf "%s_STORE" (upper . | replace "-" "_") -}}
{{- end -}}

{{/* All labels of a service's objects, of (list $ service). */}}
{{- define "crossover.labels" -}}
{{ include "crossover.selector" . }}
{{ include "crossover.versions" (index . 0) }}
{{- end -}}

{{/* The labels of an object of the release that belongs to no service. */}}
{{- define "crossover.releaseLabels" -}}
{{ include "crossover.instance" . }}
{{ include "crossover.versions" . }}
{{- end -}}

{{/* The labels that change with a version, and the user's for every object. */}}
{{- define "crossover.versions" -}}
{{- with .Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The image: in the registry that all charts of a parent take, or its own; by digest where one is given. */}}
{{- define "crossover.image" -}}
{{- $global := .Values.global | default dict -}}
{{- with $global.imageRegistry | default .Values.image.registry }}{{ . }}/{{ end -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The Secrets that images are pulled with: the parent's, in either form that charts have for them, and the chart's own. */}}
{{- define "crossover.pullSecrets" -}}
{{- $names := list -}}
{{- range concat (dig "imagePullSecrets" list (.Values.global | default dict)) .Values.image.pullSecrets -}}
{{- if kindIs "map" . }}{{ $names = append $names .name }}{{ else }}{{ $names = append $names . }}{{ end -}}
{{- end -}}
{{- $names | uniq | toJson -}}
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
{{- $secure := or .Values.ingress.tls (and (eq .Values.ingress.className "alb") .Values.ingress.certificateArn) -}}
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
