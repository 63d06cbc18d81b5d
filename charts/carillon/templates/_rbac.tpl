{{/* What the operator may do in the namespaces that it serves. A right that is optional is a file of its own, and a line here. */}}
{{- define "carillon.servedRules" -}}
{{ .Files.Get "rbac/served.yaml" }}
{{- if not .Values.rbac.secretNamespaces }}
{{ .Files.Get "rbac/secrets.yaml" }}
{{- end }}
{{- if .Values.rbac.configMaps }}
{{ .Files.Get "rbac/configmaps.yaml" }}
{{- end }}
{{- if .Values.rbac.serviceRefs }}
{{ .Files.Get "rbac/service-refs.yaml" }}
{{- end }}
{{- if .Values.rbac.serviceAccountTokens }}
{{ .Files.Get "rbac/service-account-tokens.yaml" }}
{{- end }}
{{- end -}}

{{/* What it may read to tell of it: in all namespaces, or in those of config.watchNamespaces. */}}
{{- define "carillon.watchedRules" -}}
{{- range .Values.config.sources | default (list "tekton" "konflux" "flux") }}
{{ $.Files.Get (printf "rbac/sources/%s.yaml" .) }}
{{- end }}
{{- range .Values.rbac.genericKinds }}
{{- $group := .group }}
{{- if regexMatch "(^|\\.)(authentication\\.k8s\\.io|authorization\\.k8s\\.io|oauth\\.openshift\\.io)$" $group }}
{{- fail (printf "rbac.genericKinds: %s is never watched, as it may hold tokens: leave it out" $group) }}
{{- end }}
{{- range .resources }}
{{- if or (and (eq $group "") (has . (list "secrets" "configmaps"))) (regexMatch "tokens?$|token(requests|reviews)$" .) }}
{{- fail (printf "rbac.genericKinds: %s is never watched, as it may hold secrets: leave it out" .) }}
{{- end }}
{{- end }}
- apiGroups: [{{ $group | quote }}]
  resources: {{ toJson .resources }}
  verbs: [list, watch]
{{- end }}
{{- end -}}

{{/* What can only be given for the whole cluster. */}}
{{- define "carillon.clusterRules" -}}
{{- if .Values.config.watchNamespaces }}
{{- if not .Values.config.clusterUri }}
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [kube-system]
  verbs: [get]
{{- end }}
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: {{ include "carillon.servedNamespaces" . }}
  verbs: [list, watch]
{{- else }}
{{ .Files.Get "rbac/clusterrole.yaml" }}
{{- end }}
{{- if .Values.metrics.auth }}
{{ .Files.Get "rbac/metrics-auth.yaml" }}
{{- end }}
{{- if .Values.webhook.enabled }}
{{ .Files.Get "rbac/webhook-clusterrole.yaml" | replace "[carillon]" (printf "[%s]" (include "carillon.clusterName" .)) }}
{{- end }}
{{- end -}}

{{/* In its own namespace. */}}
{{- define "carillon.ownRules" -}}
{{- $suffix := ternary (printf "-%s" .Values.class) "" (ne .Values.class "") }}
{{- $since := printf "carillon-since%s-" $suffix }}
{{ .Files.Get "rbac/role.yaml" | replace "carillon-since-" $since | replace "[carillon]" (printf "[carillon%s]" $suffix) }}
{{- if .Values.webhook.enabled }}
{{ .Files.Get "rbac/webhook-role.yaml" | replace "carillon-webhook" (include "carillon.webhookName" .) }}
{{- end }}
{{- end -}}

{{/* As JSON: where sinks and subscriptions are read, in an install that serves only some namespaces. */}}
{{- define "carillon.servedNamespaces" -}}
{{ concat .Values.config.watchNamespaces (.Values.config.adminNamespaces | default list) | uniq | toJson }}
{{- end -}}

{{/* A Role and its binding to the operator: root, name, namespace, rules. Without a namespace a ClusterRole. */}}
{{- define "carillon.grant" -}}
{{- $kind := ternary "Role" "ClusterRole" (ne .namespace "") }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "carillon.labels" .root | nindent 4 }}
rules:
{{ .rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "carillon.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ .name }}
subjects:
- kind: ServiceAccount
  name: {{ include "carillon.serviceAccountName" .root }}
  namespace: {{ .root.Release.Namespace }}
{{- end -}}
