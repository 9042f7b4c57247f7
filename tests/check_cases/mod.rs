//! A scratch folder in which the real binary runs, and a small JSON Schema validator.
#![allow(dead_code, reason = "each test file uses its part")]

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A version that no rule minds.
pub(crate) const GOOD: &str = "1.2.3";
/// A version that `unpinned-chart` denies.
pub(crate) const BAD: &str = "1.x";

/// A HelmRelease whose chart has that version.
pub(crate) fn release(version: &str) -> String {
    format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: romm, namespace: games}}\n\
         spec:\n  chart:\n    spec:\n      chart: romm\n      version: {version}\n      \
         sourceRef: {{kind: HelmRepository, name: r}}\n"
    )
}

/// Made at run time, as nothing in the repository may look like a credential that leaked.
pub(crate) fn secret() -> String {
    ["Zq8", "vR2", "mLx", "9Tw", "4Kd"].concat()
}

/// A folder of its own, gone when the test ends.
pub(crate) struct Scratch {
    folder: TempDir,
}

/// What the binary said.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("standard output is JSON")
    }

    /// The files of the findings, each once, in their order.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = self.json()["findings"]
            .as_array()
            .expect("there are findings")
            .iter()
            .map(|found| found["file"].as_str().expect("a file").to_owned())
            .collect();
        files.dedup();
        files
    }
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a scratch folder");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        let folder = path.parent().expect("it has a folder");
        fs::create_dir_all(folder).expect("a folder can be made");
        fs::write(path, text).expect("it can be written");
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, b"")
    }

    pub(crate) fn run_with(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut child = self.start(args);
        let mut input = child.stdin.take().expect("it was piped");
        input.write_all(stdin).expect("it reads what it is given");
        drop(input);
        let output = child.wait_with_output().expect("it ends");
        Ran {
            code: output.status.code().expect("it was not killed"),
            stdout: String::from_utf8(output.stdout).expect("it is text"),
            stderr: String::from_utf8(output.stderr).expect("it is text"),
        }
    }

    /// Reads one byte of what it prints, then stops listening.
    pub(crate) fn run_and_close(&self, args: &[&str]) -> Ran {
        let mut child = self.start(args);
        drop(child.stdin.take());
        let mut output = child.stdout.take().expect("it was piped");
        output.read_exact(&mut [0]).expect("it prints something");
        drop(output);
        let output = child.wait_with_output().expect("it ends");
        Ran {
            code: output.status.code().expect("it was not killed"),
            stdout: String::new(),
            stderr: String::from_utf8(output.stderr).expect("it is text"),
        }
    }

    fn start(&self, args: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_lockkeeper"))
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("LOCKKEEPER_CONFIG")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }
}

/// Asserts that `value` is as `schema` says; knows the keywords that docs/check.schema.json uses.
pub(crate) fn validate(value: &Value, schema: &Value, root: &Value, at: &str) {
    let keywords = schema.as_object().expect("a schema is a map");
    for (keyword, wanted) in keywords {
        match keyword.as_str() {
            "$schema" | "title" | "$defs" => {}
            "$ref" => {
                let pointer = wanted.as_str().and_then(|wanted| wanted.strip_prefix('#'));
                let target = pointer.and_then(|pointer| root.pointer(pointer));
                validate(
                    value,
                    target.expect("the reference leads somewhere"),
                    root,
                    at,
                );
            }
            "const" => assert_eq!(value, wanted, "{at}"),
            "enum" => {
                let known = wanted.as_array().expect("a list");
                assert!(known.contains(value), "{at}: {value}");
            }
            "type" => assert!(
                is_of_type(value, wanted.as_str().expect("a word")),
                "{at}: {value}"
            ),
            "minimum" => assert!(value.as_f64() >= wanted.as_f64(), "{at}: {value}"),
            "pattern" => {
                let text = value.as_str().expect("text");
                assert!(
                    matches_pattern(text, wanted.as_str().expect("text")),
                    "{at}: {text}"
                );
            }
            "required" => {
                for key in wanted.as_array().expect("a list") {
                    let key = key.as_str().expect("a name");
                    assert!(value.get(key).is_some(), "{at}: {key} is missing");
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(item, wanted, root, &format!("{at}/{index}"));
                }
            }
            "properties" => {
                for (key, schema) in wanted.as_object().expect("a map") {
                    if let Some(value) = value.get(key) {
                        validate(value, schema, root, &format!("{at}/{key}"));
                    }
                }
            }
            "additionalProperties" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    if schema["properties"].get(key).is_none() {
                        assert_ne!(*wanted, Value::Bool(false), "{at}: {key} is unknown");
                        validate(value, wanted, root, &format!("{at}/{key}"));
                    }
                }
            }
            other => panic!("{at}: the validator does not know {other}"),
        }
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        _ => false,
    }
}

/// The three patterns of the schema.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    match pattern {
        "^[a-z-]+$" => {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        }
        "^(/.*)?$" => text.is_empty() || text.starts_with('/'),
        "^[0-9a-f]{64}$" => {
            text.len() == 64
                && text
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        }
        other => panic!("the validator does not know the pattern {other}"),
    }
}
