//! What is wrong with one path, or with the server that it is on.

use serde_json::Value;

use crate::model::template::is_open;
use crate::model::{Action, Findings, Mount, NodeId, Tree};
use crate::rules::storage::shown;

const HELP_ABSOLUTE: &str = "begin the path with `/`";
const HELP_PARENT: &str = "write the path without `..`";

/// The path in the container.
pub(super) fn mount(
    tree: &Tree<'_>,
    mount: &Mount<'_>,
    key: &str,
    relative: Action,
    out: &mut Findings,
) {
    let (path, volume) = (mount.path, mount.volume);
    let node = || tree.child(mount.node, key).unwrap_or(mount.node);
    if is_relative(path) {
        out.at(
            tree,
            node(),
            format!(
                "volume `{volume}` is mounted at the relative path `{}`, which the kubelet takes from the root",
                shown(path)
            ),
        )
        .at_most(relative)
        .help(HELP_ABSOLUTE);
    }
    if goes_up(path) {
        out.at(
            tree,
            node(),
            format!(
                "volume `{volume}` is mounted at `{}`, which has `..`",
                shown(path)
            ),
        )
        .help(HELP_PARENT);
    }
}

/// The path in the volume: the API server refuses one that leads out of it.
pub(super) fn sub(tree: &Tree<'_>, node: NodeId, volume: &str, out: &mut Findings) {
    for key in ["subPath", "subPathExpr"] {
        let Some(path) = tree.value(node).get(key).and_then(Value::as_str) else {
            continue;
        };
        if path.starts_with('/') || goes_up(path) {
            out.at(
                tree,
                tree.child(node, key).unwrap_or(node),
                format!("`{key}` `{}` of volume `{volume}` leads out of the volume", shown(path)),
            )
            .help("write a path relative to the volume's root, without a leading `/` and without `..`");
        }
    }
}

/// The server and path of an NFS share.
pub(super) fn nfs(tree: &Tree<'_>, node: NodeId, volume: &str, out: &mut Findings) {
    let text = |key: &str| tree.value(node).get(key).and_then(Value::as_str);
    let at = |key: &str| tree.child(node, key).unwrap_or(node);
    if let Some(server) = text("server").filter(|server| !is_open(server) && !is_server(server)) {
        out.at(
            tree,
            at("server"),
            format!("`{}` is not the name or address of an NFS server", shown(server)),
        )
        .help("write the host alone in `server`, without a scheme, port or path, and the export in `path`");
    }
    if let Some(path) = text("path").filter(|path| is_relative(path)) {
        out.at(
            tree,
            at("path"),
            format!(
                "the NFS path `{}` of volume `{volume}` is relative",
                shown(path)
            ),
        )
        .help(HELP_ABSOLUTE);
    }
}

/// The path on the node.
pub(super) fn host(tree: &Tree<'_>, node: NodeId, key: &str, volume: &str, out: &mut Findings) {
    let Some(path) = tree.value(node).get(key).and_then(Value::as_str) else {
        return;
    };
    let at = || tree.child(node, key).unwrap_or(node);
    if is_relative(path) {
        out.at(
            tree,
            at(),
            format!(
                "the hostPath `{}` of volume `{volume}` is relative",
                shown(path)
            ),
        )
        .help(HELP_ABSOLUTE);
    }
    if goes_up(path) {
        out.at(
            tree,
            at(),
            format!(
                "the hostPath `{}` of volume `{volume}` has `..`",
                shown(path)
            ),
        )
        .help(HELP_PARENT);
    }
}

/// Whether a path surely does not begin at the root. An empty one is no path at all, and one that
/// begins with a placeholder may begin with `/`.
fn is_relative(path: &str) -> bool {
    let is_drive = path.as_bytes().get(1) == Some(&b':');
    !(path.is_empty()
        || path.starts_with('/')
        || path.starts_with("${")
        || path.starts_with("{{")
        || is_drive)
}

/// Whether a segment is `..`; in a Helm template it may be anything.
fn goes_up(path: &str) -> bool {
    !path.contains("{{") && path.split('/').any(|segment| segment == "..")
}

/// Whether a text can be a host: a name, an IPv4 or an IPv6 address.
fn is_server(server: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let address = server
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = address.unwrap_or(server);
    let host = address.split_once('%').map_or(address, |(host, _)| host);
    server.is_empty() || host.parse::<std::net::Ipv6Addr>().is_ok() || server.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_not_called_relative() {
        for path in [
            "/a",
            "",
            "${DIR}/a",
            "{{ .Release.Name }}",
            "C:\\data",
            "/../a",
        ] {
            assert!(!is_relative(path), "{path}");
        }
        for path in ["a", "./a", "a/${DIR}", "../a"] {
            assert!(is_relative(path), "{path}");
        }
    }

    #[test]
    fn only_whole_segments_go_up() {
        assert!(goes_up("/a/../b") && goes_up(".."));
        assert!(!goes_up("/a..b/...") && !goes_up("{{ \"a/../b\" }}"));
    }

    #[test]
    fn servers_are_hosts() {
        for server in [
            "nas",
            "nas.internal",
            "10.0.0.1",
            "fd00::1",
            "[fd00::1]",
            "fe80::1%eth0",
        ] {
            assert!(is_server(server), "{server}");
        }
        for server in [
            "nfs://nas",
            "nas:/export",
            "nas/export",
            "nas 1",
            "10.0.0.1:2049",
        ] {
            assert!(!is_server(server), "{server}");
        }
    }
}
