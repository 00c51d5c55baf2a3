{{/* What a schema cannot say: values that contradict each other. Each message begins with the key and says what to do. */}}
{{- define "crossover.checks" -}}
{{- if not .Values.image.repository }}
{{- fail "image.repository: give the registry's address of the image, as in --set image.repository=ACCOUNT.dkr.ecr.REGION.amazonaws.com/crossover" }}
{{- end }}
{{- $global := .Values.global | default dict }}
{{- if and ($global.imageRegistry | default .Values.image.registry) (regexMatch "^([^/]*[.:][^/]*|localhost)/" .Values.image.repository) }}
{{- fail "image.repository: names a registry itself; give its path alone with image.registry or global.imageRegistry" }}
{{- end }}
{{- if and .Values.ingress.enabled (eq .Values.ingress.className "alb") }}
{{- range .Values.ingress.tls }}
{{- if .secretName }}
{{- fail "ingress.tls: an Application Load Balancer reads no Secret; name the certificate with ingress.certificateArn, or give hosts alone to have it looked up in ACM" }}
{{- end }}
{{- end }}
{{- if le (int .Values.timing.preStop) (int .Values.ingress.deregistrationDelay) }}
{{- fail "timing.preStop: has to be longer than ingress.deregistrationDelay, or a pod stops while the load balancer still sends to it" }}
{{- end }}
{{- if le (int .Values.timing.keepAlive) (int .Values.ingress.idleTimeout) }}
{{- fail "timing.keepAlive: has to be longer than ingress.idleTimeout, or the load balancer sends on connections that the pod has closed" }}
{{- end }}
{{- end }}
{{- range $name := list "scheme" "target-type" "listen-ports" "ssl-redirect" "certificate-arn" "load-balancer-attributes" "target-group-attributes" }}
{{- if hasKey $.Values.ingress.annotations (printf "alb.ingress.kubernetes.io/%s" $name) }}
{{- fail (printf "ingress.annotations: alb.ingress.kubernetes.io/%s is made of other values of ingress; say it with them" $name) }}
{{- end }}
{{- end }}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) }}
{{- fail "gateway.parentRefs: name the Gateway that the route belongs to, as in [{name: public, namespace: gateways}]" }}
{{- end }}
{{- if and .Values.prometheus.serviceMonitor.enabled .Values.prometheus.podMonitor.enabled }}
{{- fail "prometheus.podMonitor: scrapes what prometheus.serviceMonitor scrapes already; enable one of them" }}
{{- end }}
{{- range $label, $_ := .Values.commonLabels }}
{{- if or (hasKey (include "crossover.instance" $ | fromYaml) $label) (has $label (list "app.kubernetes.io/component" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" "helm.sh/chart")) }}
{{- fail (printf "commonLabels: %s is the chart's own" $label) }}
{{- end }}
{{- end }}
{{- $enabled := 0 }}
{{- $accounts := dict }}
{{- range $service, $own := .Values.services }}
{{- if $own.enabled }}
{{- $enabled = add1 $enabled }}
{{- $pods := include "crossover.pods" (list $ $service $own) | fromJson }}
{{- $resources := $pods.resources }}
{{- if gt (int $pods.autoscaling.min) (int $pods.autoscaling.max) }}
{{- fail (printf "autoscaling.min of services.%s: is above autoscaling.max" $service) }}
{{- end }}
{{- if and $pods.autoscaling.triggers (ne $pods.autoscaling.kind "keda") }}
{{- fail (printf "autoscaling.triggers of services.%s: are KEDA's; set autoscaling.kind to keda" $service) }}
{{- end }}
{{- $fewest := ternary $pods.autoscaling.min $pods.replicas $pods.autoscaling.enabled | int }}
{{- $gone := $.Values.disruption.maxUnavailable | toString }}
{{- $atOnce := int $gone }}
{{- if hasSuffix "%" $gone }}
{{- $atOnce = div (add (mul $fewest (trimSuffix "%" $gone | int)) 99) 100 }}
{{- end }}
{{- if and (gt $fewest 1) (ge (int $atOnce) $fewest) }}
{{- fail (printf "disruption.maxUnavailable: may take all %d pods of services.%s at once; let it take fewer, or have more (autoscaling.min, replicas)" $fewest $service) }}
{{- end }}
{{- if gt (include "crossover.mebibytes" $resources.memory | int) (include "crossover.mebibytes" $resources.memoryLimit | int) }}
{{- fail (printf "resources.memory of services.%s: is above resources.memoryLimit" $service) }}
{{- end }}
{{- if and $resources.cpuLimit (gt (include "crossover.millis" $resources.cpu | int) (include "crossover.millis" (default "0" $resources.cpuLimit) | int)) }}
{{- fail (printf "resources.cpu of services.%s: is above resources.cpuLimit" $service) }}
{{- end }}
{{- if and $.Values.ingress.enabled (eq $.Values.ingress.className "alb") (ge (addf $pods.settings.COMPUTE_SECONDS $pods.settings.WRITE_SECONDS) (float64 $.Values.ingress.deregistrationDelay)) }}
{{- fail (printf "ingress.deregistrationDelay: has to be longer than COMPUTE_SECONDS and WRITE_SECONDS of services.%s together, or answers are cut" $service) }}
{{- end }}
{{- if and (eq $.Values.platform "fargate") (ne "amd64" (get $pods.nodeSelector "kubernetes.io/arch" | default "amd64")) }}
{{- fail (printf "nodeSelector of services.%s: Fargate has amd64 only" $service) }}
{{- end }}
{{- if and $pods.store (not $pods.store.secret) (not $pods.store.configMap) (ne $.Values.platform "laptop") }}
{{- fail (printf "services.%s.store.secret: name the Secret that has the store's URL; only a laptop does without" $service) }}
{{- end }}
{{- if and $pods.store $pods.store.secret $pods.store.configMap }}
{{- fail (printf "services.%s.store: has a Secret and a ConfigMap; set one of them to \"\"" $service) }}
{{- end }}
{{- if and (eq $.Values.platform "fargate") (or (ne $resources.cpu $resources.cpuLimit) (ne $resources.memory $resources.memoryLimit)) }}
{{- fail (printf "resources of services.%s: on Fargate cpuLimit equals cpu and memoryLimit equals memory" $service) }}
{{- end }}
{{- if and $pods.roleArn (not $pods.serviceAccount.create) }}
{{- fail (printf "roleArn of services.%s: is an annotation of the service account, which serviceAccount.create leaves to you" $service) }}
{{- end }}
{{- if and $pods.serviceAccount.create $pods.serviceAccount.name }}
{{- if hasKey $accounts $pods.serviceAccount.name }}
{{- fail (printf "serviceAccount.name of services.%s: is created for another service too; name it for one, or set serviceAccount.create to false" $service) }}
{{- end }}
{{- $_ := set $accounts $pods.serviceAccount.name true }}
{{- end }}
{{- range $label, $_ := $pods.podLabels }}
{{- if hasKey (include "crossover.labels" (list $ $service) | fromYaml) $label }}
{{- fail (printf "podLabels of services.%s: %s is the chart's own, or stands in commonLabels" $service $label) }}
{{- end }}
{{- end }}
{{- $set := list "CROSSOVER_SERVICES" "HOST" "PORT" "KEEP_ALIVE_SECONDS" "DRAIN_SECONDS" "STOP_SECONDS" "PODS" }}
{{- if $pods.store }}
{{- $set = append $set (include "crossover.storeVariable" $service) }}
{{- end }}
{{- range $pods.extraEnv }}
{{- if has .name (concat $set (keys $pods.settings)) }}
{{- fail (printf "extraEnv of services.%s: %s is set by other values" $service .name) }}
{{- end }}
{{- end }}
{{- range $pods.extraVolumes }}
{{- if has .name (list "tmp" "ca" "store") }}
{{- fail (printf "extraVolumes of services.%s: the name %s is the chart's own" $service .name) }}
{{- end }}
{{- end }}
{{- if and $pods.roleArn (ne $.Values.identity "irsa") }}
{{- fail (printf "roleArn of services.%s: is for identity: irsa; with pod-identity an association of the cluster names the role" $service) }}
{{- end }}
{{- end }}
{{- end }}
{{- if not $enabled }}
{{- fail "services: none is enabled" }}
{{- end }}
{{- end -}}
