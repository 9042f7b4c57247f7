//! No private key is committed: every file that git tracks is searched.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;

/// The labels of PEM blocks that hold a private key end so.
const LABEL: &[u8] = b"PRIVATE KEY-----";

/// Why a file holds a private key; `None` where it holds none.
fn finding(path: &Path, bytes: &[u8]) -> Option<&'static str> {
    if has_block(bytes) {
        return Some("a PEM block with a private key");
    }
    if hides_block(bytes) {
        return Some("a PEM block with a private key in base64");
    }
    let name = path.file_name().unwrap_or_default();
    let end = path.extension().unwrap_or_default();
    let is_of_ssh = name.as_bytes().starts_with(b"id_") && end.is_empty();
    let binary = !bytes.starts_with(b"-----BEGIN") && KeyPair::try_from(bytes).is_ok();
    match () {
        () if binary => Some("a private key in DER"),
        () if end == "key" || end == "p8" || end == "pk8" || is_of_ssh => {
            Some("a file that is named as a private key")
        }
        () if matches!(end.to_str(), Some("p12" | "pfx")) => Some("a store of private keys"),
        () => None,
    }
}

/// A header with something of a key behind it: texts that only name the header are none.
fn has_block(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.windows(LABEL.len()).position(|part| part == LABEL) {
        let (before, after) = rest.split_at(at);
        rest = &after[LABEL.len()..];
        let line = before
            .rsplit(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let is_begin = line.windows(11).any(|part| part == b"-----BEGIN ");
        // In YAML, JSON and source a line's end can be written out.
        let body: Vec<u8> = String::from_utf8_lossy(&rest[..rest.len().min(400)])
            .replace("\\n", "\n")
            .bytes()
            .skip_while(|byte| byte.is_ascii_whitespace() || *byte == b'"')
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/= \n\r\t".contains(byte))
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        if is_begin && body.len() >= 40 {
            return true;
        }
    }
    false
}

/// A block inside of base64, as the data of a Secret have it: all of them begin alike.
fn hides_block(bytes: &[u8]) -> bool {
    let begin = STANDARD.encode("-----BEGIN ");
    let begin = begin.trim_end_matches('=').as_bytes();
    // The last character depends on what follows.
    let begin = &begin[..begin.len() - 1];
    bytes.windows(begin.len()).enumerate().any(|(at, part)| {
        part == begin && {
            let run: Vec<u8> = bytes[at..]
                .iter()
                .copied()
                .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=\n\r ".contains(byte))
                .filter(|byte| !byte.is_ascii_whitespace())
                .take(400)
                .collect();
            let whole = run.len() / 4 * 4;
            let run = run[..whole]
                .split(|byte| *byte == b'=')
                .next()
                .unwrap_or_default();
            let whole = run.len() / 4 * 4;
            STANDARD
                .decode(&run[..whole])
                .is_ok_and(|decoded| has_block(&decoded))
        }
    })
}

#[test]
fn no_private_key_is_committed() {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .output()
        .expect("git runs");
    assert!(listed.status.success(), "{listed:?}");
    let mut searched = 0;
    for name in listed
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let path = Path::new(OsStr::from_bytes(name));
        // One that is deleted and not yet committed so is not there; a link's target is a file of its own.
        let Ok(bytes) = fs::read(path) else { continue };
        searched += 1;
        if let Some(why) = finding(path, &bytes) {
            panic!("{} holds {why}; take it out of the commit", path.display());
        }
    }
    assert!(searched > 200, "only {searched} files were searched");
}

#[test]
fn every_shape_of_a_key_is_found() {
    let key = KeyPair::generate().expect("a key");
    let pem = key.serialize_pem();
    let found = |name: &str, bytes: &[u8]| finding(Path::new(name), bytes).is_some();
    for label in ["", "EC ", "RSA ", "ENCRYPTED ", "OPENSSH "] {
        let block = pem.replace("BEGIN PRIVATE", &format!("BEGIN {label}PRIVATE"));
        assert!(found("docs/page.md", block.as_bytes()), "{label}");
    }
    let indented: String = pem.lines().map(|line| format!("    {line}\n")).collect();
    assert!(found(
        "secret.yaml",
        format!("tls.key: |\n{indented}").as_bytes()
    ));
    let json = serde_json::json!({ "key": pem }).to_string();
    assert!(found("secret.json", json.as_bytes()));
    assert!(found("a.bin", &key.serialize_der()));
    let data = STANDARD.encode(&pem);
    assert!(found(
        "secret.yaml",
        format!("data:\n  tls.key: {data}\n").as_bytes()
    ));
    assert!(found(
        "secret.json",
        format!("{{\"tls.key\":\"{data}\"}}").as_bytes()
    ));
    assert!(found("ca.key", b""));
    assert!(found("id_ed25519", b""));
    assert!(found("store.p12", b""));
}

#[test]
fn what_only_speaks_of_keys_is_no_key() {
    let found = |name: &str, text: &str| finding(Path::new(name), text.as_bytes()).is_some();
    let header = format!("-----BEGIN {}", String::from_utf8_lossy(LABEL));
    assert!(!found(
        "src/a.rs",
        &format!("text.contains(\"{header}\") && other_words")
    ));
    assert!(!found("a.rs", &format!("{header}\\nAA==\\n-----END")));
    let key = KeyPair::generate().expect("a key");
    assert!(!found("key.pub.pem", &key.public_key_pem()));
}
