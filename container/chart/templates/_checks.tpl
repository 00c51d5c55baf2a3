{{/* What a schema cannot say: values that contradict each other. Each message begins with the key and says what to do. */}}
{{- define "crossover.checks" -}}
{{- if not .Values.image.repository }}
{{- fail "image.repository: give the registry's address of the image, as in --set image.repository=ACCOUNT.dkr.ecr.REGION.amazonaws.com/crossover" }}
{{- end }}
{{- if and .Values.ingress.enabled (eq .Values.ingress.className "alb") }}
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
{{- $enabled := 0 }}
{{- range $service, $own := .Values.services }}
{{- if $own.enabled }}
{{- $enabled = add1 $enabled }}
{{- $pods := mergeOverwrite (deepCopy $.Values.pods) (deepCopy $own) }}
{{- $resources := $pods.resources }}
{{- if gt (int $pods.autoscaling.min) (int $pods.autoscaling.max) }}
{{- fail (printf "autoscaling.min of services.%s: is above autoscaling.max" $service) }}
{{- end }}
{{- $fewest := ternary $pods.autoscaling.min $pods.replicas $pods.autoscaling.enabled | int }}
{{- $gone := $.Values.disruption.maxUnavailable | toString }}
{{- $atOnce := int $gone }}
{{- if hasSuffix "%" $gone }}
{{- $atOnce = div (add (mul $fewest (trimSuffix "%" $gone | int)) 99) 100 }}
{{- end }}
{{- if and (ge (int $atOnce) $fewest) (ne $.Values.platform "laptop") }}
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
{{- if and $pods.store (not $pods.store.secret) (ne $.Values.platform "laptop") }}
{{- fail (printf "services.%s.store.secret: name the Secret that has the store's URL; only a laptop does without" $service) }}
{{- end }}
{{- if and (eq $.Values.platform "fargate") (or (ne $resources.cpu $resources.cpuLimit) (ne $resources.memory $resources.memoryLimit)) }}
{{- fail (printf "resources of services.%s: on Fargate cpuLimit equals cpu and memoryLimit equals memory" $service) }}
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
