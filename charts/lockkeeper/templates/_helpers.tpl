{{/* The name of all objects. */}}
{{- define "lockkeeper.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* By what the pods are found; never changed, as a Deployment's selector cannot be. */}}
{{- define "lockkeeper.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "lockkeeper.labels" -}}
{{ include "lockkeeper.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Name, namespace and labels of an object in the release's namespace. */}}
{{- define "lockkeeper.metadata" -}}
name: {{ include "lockkeeper.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "lockkeeper.labels" . | nindent 2 }}
{{- end -}}

{{- define "lockkeeper.serviceAccountName" -}}
{{- default (include "lockkeeper.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The DNS name by which the API server calls us. */}}
{{- define "lockkeeper.dnsName" -}}
{{- printf "%s.%s.svc" (include "lockkeeper.fullname" .) .Release.Namespace -}}
{{- end -}}

{{/* The Secret of Lockkeeper's own CA. */}}
{{- define "lockkeeper.caSecret" -}}
{{- printf "%s-ca" (include "lockkeeper.fullname" .) -}}
{{- end -}}

{{/* The Secret with the serving certificate, where it is mounted. */}}
{{- define "lockkeeper.tlsSecret" -}}
{{- if eq .Values.certificates.mode "certManager" -}}
{{- printf "%s-tls" (include "lockkeeper.fullname" .) -}}
{{- else if eq .Values.certificates.mode "secret" -}}
{{- .Values.certificates.secret.name -}}
{{- end -}}
{{- end -}}

{{- define "lockkeeper.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/* A file that is made from the code, with the names of this release in it. */}}
{{- define "lockkeeper.made" -}}
{{- $root := .root -}}
{{- $root.Files.Get .file
  | replace "namespace-of-the-release" (default $root.Release.Namespace $root.Values.ownRelease.namespace)
  | replace "name-of-the-release" (default $root.Release.Name $root.Values.ownRelease.name)
  | replace "namespace-of-the-service" $root.Release.Namespace
  | replace "name-of-the-service" (include "lockkeeper.fullname" $root) -}}
{{- end -}}

{{/* Name, labels and annotations of both webhook configurations. */}}
{{- define "lockkeeper.webhookMetadata" -}}
name: {{ include "lockkeeper.fullname" . }}
labels:
  {{- include "lockkeeper.labels" . | nindent 2 }}
{{- if eq .Values.certificates.mode "certManager" }}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "lockkeeper.fullname" . }}
{{- end }}
{{- end -}}
