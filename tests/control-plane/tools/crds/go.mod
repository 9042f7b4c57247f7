// The modules whose folders hold the CRDs that the tests install. Nothing here is compiled or imported,
// so `go mod tidy` must not be run on it; `go mod download` keeps go.sum.
module lockkeeper/tools/crds

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/external-secrets/external-secrets v1.3.2
	github.com/fluxcd/helm-controller v1.6.4
	github.com/fluxcd/kustomize-controller v1.9.6
	github.com/fluxcd/source-controller v1.9.6
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
