//! The real binary over TLS: starts, answers, survives, and ends.

mod serve_support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lockkeeper::certs::SelfMade;
use serve_support::{Client, Served, command, fixture, get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn it_starts_without_flags_and_answers_both_protocols_and_versions() {
    let server = Served::start(&[]);
    let ca = server.ca();
    for protocol in ["http/1.1", "h2"] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let mut client = Client::connect(server.tls, &ca, protocol, &[version]).await;
            let denied = client
                .post("/validate?timeout=5s", fixture("create-bad"))
                .await;
            assert_eq!(denied.status, 200);
            let response = &denied.json()["response"];
            assert_eq!(response["uid"], "u-create-bad");
            assert_eq!(response["status"]["reason"], "Forbidden");
            let allowed = client.post("/validate", fixture("create-good")).await;
            assert_eq!(allowed.json()["response"]["allowed"], true);
            let mutated = client.post("/mutate", fixture("create-bad")).await;
            assert_eq!(mutated.json()["response"]["allowed"], true);
            assert!(!mutated.body.contains("patch"));
        }
    }
}

#[tokio::test]
async fn a_flood_of_connections_takes_nothing_from_those_that_are_there() {
    let server = Served::start(&[]);
    let mut before = Client::http2(&server, &server.ca()).await;
    let mut flood = Vec::new();
    for _ in 0..600 {
        flood.push(TcpStream::connect(server.tls).await.expect("connected"));
    }
    let metrics = || async { get(server.plain, "/metrics").await.body };
    let is_counted = |metrics: &str| {
        let prefix = "lockkeeper_connections_turned_away_total ";
        let count = metrics.lines().find_map(|line| line.strip_prefix(prefix));
        count.and_then(|count| count.parse::<u32>().ok()) >= Some(600 - 512)
    };
    let began = Instant::now();
    while !is_counted(&metrics().await) {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "none was turned away"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let answer = before.post("/validate", fixture("create-bad")).await;
    assert_eq!(answer.json()["response"]["allowed"], false);
    // Room that is given back is given out again.
    drop(flood);
    let began = Instant::now();
    loop {
        let mut byte = [0];
        let mut probe = TcpStream::connect(server.tls).await.expect("connected");
        let closed = tokio::time::timeout(Duration::from_millis(300), probe.read(&mut byte)).await;
        if closed.is_err() {
            break;
        }
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "there is no room"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let answer = before.post("/validate", fixture("create-good")).await;
    assert_eq!(answer.json()["response"]["allowed"], true);
}

#[test]
fn the_printed_line_works_when_it_is_pasted() {
    if Command::new("curl").arg("--version").output().is_err() {
        // The line is for people who have curl; the other tests post the same bytes.
        return;
    }
    let server = Served::start(&[]);
    let line = server
        .printed
        .lines()
        .find_map(|line| line.strip_prefix("Try it:"))
        .expect("a line to paste");
    let pasted = Command::new("sh")
        .args(["-c", line])
        .output()
        .expect("a shell");
    assert!(pasted.status.success());
    let review: serde_json::Value = serde_json::from_slice(&pasted.stdout).expect("a review");
    assert_eq!(review["response"]["allowed"], false);
    let message = review["response"]["status"]["message"].to_string();
    assert!(message.contains("unpinned-chart at /spec/chart/spec/version"));
    assert!(message.contains("from kubernetes/apps/games/romm/app/helmrelease.yaml"));
}

#[tokio::test]
async fn a_secret_of_the_object_is_in_no_answer_log_or_metric() {
    let server = Served::start(&["--log-format", "json", "--log-level", "trace"]);
    let ca = server.ca();
    let mut client = Client::http2(&server, &ca).await;
    let mut seen = String::new();
    for name in ["create-bad", "create-bad-dryrun", "update-to-bad"] {
        let body = fixture(name);
        assert!(
            body.contains("Lantern-Quarry-71-Otter"),
            "the fixture has a secret"
        );
        seen.push_str(&client.post("/validate", body.clone()).await.body);
        // Broken and oddly typed variants go through the messages of errors.
        seen.push_str(
            &client
                .post("/validate", body[..body.len() / 2].to_owned())
                .await
                .body,
        );
        let odd = body.replace("\"dryRun\":false", "\"dryRun\":\"Lantern-Quarry-71-Otter\"");
        seen.push_str(&client.post("/validate", odd).await.body);
    }
    seen.push_str(&get(server.plain, "/metrics").await.body);
    server.terminate();
    let (status, logs) = server.ended().await;
    assert!(status.success());
    assert!(
        logs.contains("\"uid\":\"u-create-bad\""),
        "reviews are logged"
    );
    seen.push_str(&logs);
    assert!(!seen.contains("Lantern-Quarry"), "the secret was told");
    assert!(!seen.contains("71-Otter"), "part of the secret was told");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_next_one_answered() {
    let server = Served::start(&[]);
    let ca = server.ca();
    for two in [false, true] {
        let connect = async || match two {
            false => Client::http1(&server, &ca).await,
            true => Client::http2(&server, &ca).await,
        };
        let reply = connect()
            .await
            .post("/validate", vec![b' '; 9 * 1024 * 1024])
            .await;
        assert_eq!(reply.status, 413);
        assert_eq!(reply.body, "the body is larger than 8 MiB\n");
        let good = connect()
            .await
            .post("/validate", fixture("create-good"))
            .await;
        assert_eq!(good.status, 200);
    }
}

#[tokio::test]
async fn neither_garbage_nor_slowness_holds_the_others_up() {
    let server = Served::start(&[]);
    let ca = server.ca();
    // Garbage in place of a handshake, and connections that say nothing at all.
    let mut garbage = TcpStream::connect(server.tls).await.expect("connected");
    garbage
        .write_all(b"GET /validate HTTP/1.1\r\n\r\n")
        .await
        .expect("sent");
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(server.tls).await.expect("connected"));
    }
    let start = Instant::now();
    let mut client = Client::http1(&server, &ca).await;
    let reply = client.post("/validate", fixture("create-good")).await;
    assert_eq!(reply.status, 200);
    assert!(start.elapsed() < Duration::from_secs(3));
    let mut rest = Vec::new();
    // An alert, or nothing, and then the end.
    let _ = garbage.read_to_end(&mut rest).await;
    // The handshake's time is over for who says nothing.
    let mut first = silent.swap_remove(0);
    let ended = tokio::time::timeout(Duration::from_secs(9), first.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "a silent connection is closed");
}

#[tokio::test]
async fn a_thousand_reviews_at_once_are_all_answered() {
    let server = Served::start(&["--log-level", "warn"]);
    let ca = server.ca();
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..20 {
        let Client::Two(sender) = Client::http2(&server, &ca).await else {
            unreachable!("HTTP/2 was asked for");
        };
        for stream in 0..50 {
            let mut client = Client::Two(sender.clone());
            let uid = format!("u-{connection}-{stream}");
            let bad = stream % 2 == 0;
            let name = if bad { "create-bad" } else { "create-good" };
            let body = fixture(name).replace(&format!("\"u-{name}\""), &format!("\"{uid}\""));
            tasks.spawn(async move {
                let reply = client.post("/validate", body).await;
                let review = reply.json();
                assert_eq!(review["response"]["uid"], uid.as_str());
                assert_eq!(review["response"]["allowed"], !bad);
            });
        }
    }
    let mut answered = 0;
    while let Some(done) = tasks.join_next().await {
        done.expect("answered");
        answered += 1;
    }
    assert_eq!(answered, 1000);
    let metrics = get(server.plain, "/metrics").await.body;
    assert!(metrics.contains("lockkeeper_review_duration_seconds_count 1000"));
}

#[tokio::test]
async fn sigterm_says_not_ready_answers_on_and_then_ends() {
    let server = Served::start(&["--drain", "2s"]);
    let ca = server.ca();
    let folder = server.folder();
    assert!(folder.join("tls.key").exists());
    assert_eq!(get(server.plain, "/readyz").await.status, 200);
    server.terminate();
    let asked = Instant::now();
    while get(server.plain, "/readyz").await.status == 200 {
        assert!(asked.elapsed() < Duration::from_millis(1500), "still ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(get(server.plain, "/healthz").await.status, 200);
    // Who has not heard yet is answered, on a new connection too.
    let mut client = Client::http2(&server, &ca).await;
    let reply = client.post("/validate", fixture("create-bad")).await;
    assert_eq!(reply.json()["response"]["allowed"], false);
    let (status, logs) = server.ended().await;
    assert_eq!(status.code(), Some(0), "{logs}");
    let took = asked.elapsed();
    assert!(took >= Duration::from_secs(2), "it drained");
    assert!(
        took < Duration::from_secs(8),
        "an idle connection held it up"
    );
    assert!(logs.contains("stopped"));
    assert!(!folder.exists(), "the temporary folder is gone");
}

#[tokio::test]
async fn own_certificates_are_served() {
    let scratch = tempfile::tempdir().expect("a folder");
    let names = vec!["127.0.0.1".to_owned()];
    SelfMade::passing(scratch.path(), names, jiff::Timestamp::now()).expect("a certificate");
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let server = Served::start(&[
        "--tls-cert",
        &path("tls.crt"),
        "--tls-key",
        &path("tls.key"),
    ]);
    let mut client = Client::http2(&server, &scratch.path().join("ca.crt")).await;
    let reply = client.post("/validate", fixture("create-good")).await;
    assert_eq!(reply.status, 200);
    assert!(!server.printed.contains("curl"));
}

#[tokio::test]
async fn a_state_folder_keeps_its_ca_from_start_to_start() {
    let scratch = tempfile::tempdir().expect("a folder");
    let state = scratch.path().join("state").display().to_string();
    let read = |name: &str| std::fs::read(scratch.path().join("state").join(name)).expect(name);
    let mut written = Vec::new();
    for _ in 0..2 {
        let server = Served::start(&["--state-dir", &state]);
        let mut client = Client::http2(&server, &server.ca()).await;
        let reply = client.post("/validate", fixture("create-good")).await;
        assert_eq!(reply.status, 200);
        server.terminate();
        let (status, logs) = server.ended().await;
        assert!(status.success(), "{logs}");
        written.push([read("ca.crt"), read("tls.crt")]);
    }
    assert!(written[0] == written[1], "the second start made its own");
    // Of what cannot be read, nothing is written over.
    std::fs::remove_file(scratch.path().join("state/ca.key")).expect("removed");
    let text = refused(&mut command(&["--state-dir", &state]));
    assert!(text.contains("ca.key is not beside it"), "{text}");
    assert!(text.contains("--state-dir"), "{text}");
    assert!(read("ca.crt") == written[0][0]);
}

/// Runs a start that must fail; its standard error.
fn refused(command: &mut Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!text.contains("panicked"), "{text}");
    text
}

#[test]
fn a_start_that_cannot_be_says_what_to_do() {
    let scratch = tempfile::tempdir().expect("a folder");
    let now = jiff::Timestamp::now();
    for name in ["one", "two"] {
        let names = vec!["localhost".to_owned()];
        SelfMade::passing(&scratch.path().join(name), names, now).expect("a certificate");
    }
    std::fs::write(scratch.path().join("empty"), "").expect("written");
    std::fs::write(
        scratch.path().join("policy.json"),
        r#"{"rules": {"unpined-chart": {}}}"#,
    )
    .expect("written");
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let with = |cert: &str, key: &str| {
        refused(&mut command(&[
            "--tls-cert",
            &path(cert),
            "--tls-key",
            &path(key),
        ]))
    };
    assert!(with("one/tls.crt", "two/tls.key").contains("does not belong to the certificate"));
    assert!(with("missing", "one/tls.key").contains("with --tls-cert"));
    assert!(with("one/tls.crt", "missing").contains("with --tls-key"));
    assert!(with("empty", "one/tls.key").contains("holds no certificate"));
    assert!(with("one/tls.crt", "one/tls.crt").contains("holds no private key"));
    let policy = refused(&mut command(&["--policy", &path("policy.json")]));
    assert!(
        policy.contains("did you mean `unpinned-chart`?"),
        "{policy}"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    for flag in ["--listen", "--metrics-listen"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockkeeper"));
        let other = match flag {
            "--listen" => "--metrics-listen",
            _ => "--listen",
        };
        command.args(["serve", flag, &address, other, "127.0.0.1:0"]);
        let text = refused(&mut command);
        assert!(text.contains("the port is in use"), "{text}");
        assert!(text.contains(&format!("another with {flag}")), "{text}");
    }
    let state = path("empty");
    assert!(refused(&mut command(&["--state-dir", &state])).contains("--state-dir"));
}
