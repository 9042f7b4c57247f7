//! What `lockkeeper serve` says at its start, on standard output.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::cli::print;

/// Prints where it serves and, with a made certificate, a `curl` line that posts the example.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn announce(
    address: SocketAddr,
    plain: SocketAddr,
    folder: Option<&Path>,
) -> anyhow::Result<()> {
    let mut text = format!(
        "Reviews:  https://{address}/validate and /mutate\n\
         Health:   http://{plain}/healthz, /readyz, /metrics\n"
    );
    if let Some(folder) = folder {
        // Whoever listens everywhere is reached here too.
        let host = match address.ip() {
            ip if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
            ip => ip,
        };
        let host = SocketAddr::new(host, address.port());
        let file = |name: &str| folder.join(name).display().to_string();
        let ca = quoted(&file("ca.crt"));
        let example = quoted(&format!("@{}", file("example-review.json")));
        text.push_str(&format!(
            "Folder:   {}, with the CA of the certificate\n\
             Try it:   curl --cacert {ca} -H 'Content-Type: application/json' --data-binary {example} https://{host}/validate\n",
            folder.display()
        ));
    }
    print(&text)?;
    Ok(())
}

/// The text as one word of a shell.
fn quoted(text: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "@/._-+:".contains(character);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(quoted("@/tmp/a-b.json"), "@/tmp/a-b.json");
        assert_eq!(quoted("/tmp/it's here"), r"'/tmp/it'\''s here'");
    }
}
