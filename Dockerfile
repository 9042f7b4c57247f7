# Lockkeeper's image: one static binary and nothing else. `cargo xtask image` builds and runs the same without Docker.
#
# The tag is exact. Its digest is looked up once for each release, which passes it as RUST_IMAGE to the builds of all
# architectures and writes it into the provenance (.github/workflows/release.yaml).
ARG RUST_IMAGE=docker.io/library/rust:1.95.0-bookworm

FROM ${RUST_IMAGE} AS build
# Puts the list of dependencies into the binary, where scanners of images find it.
RUN cargo install --locked --root /usr/local cargo-auditable@0.7.7
WORKDIR /src
COPY . .
# No folder of the build is in the binary, so that it does not depend on where it was built.
RUN cargo auditable dist --config "build.rustflags=['--remap-path-prefix=$CARGO_HOME=/cargo','--remap-path-prefix=$PWD=/lockkeeper']" \
    && install -D --mode=0755 target/*/release/lockkeeper /rootfs/lockkeeper

FROM scratch
ARG VERSION
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="Lockkeeper" \
      org.opencontainers.image.description="A Kubernetes admission webhook for HelmReleases in clusters run by Flux" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /rootfs/ /
# The number is what runAsNonRoot can check; no name is needed.
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/lockkeeper"]
CMD ["serve", "--listen=0.0.0.0:8443", "--metrics-listen=0.0.0.0:8080"]
