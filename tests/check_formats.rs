//! `lockkeeper check`: what every format holds, and what none may hold.

mod check_cases;

use check_cases::{BAD, Scratch, release};
use serde_json::{Value, json};

#[test]
fn every_format_holds_the_finding() {
    let scratch = Scratch::new();
    scratch.write("a b,c.yaml", &format!("{}---\na: [\n", release(BAD)));
    let run = |format: &str| scratch.run(&["check", ".", "--format", format]);

    let sarif = run("sarif").json();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    let index = result["ruleIndex"].as_u64().expect("an index");
    let rules = &sarif["runs"][0]["tool"]["driver"]["rules"];
    assert_eq!(
        rules[usize::try_from(index).expect("small")]["id"],
        "unpinned-chart"
    );
    assert_eq!(result["level"], "error");
    let physical = &result["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "a%20b%2Cc.yaml");
    assert_eq!(
        physical["region"],
        json!({"startLine": 8, "startColumn": 16, "endLine": 8, "endColumn": 19})
    );
    let fingerprint = &result["partialFingerprints"]["lockkeeper/v1"];
    assert!(fingerprint.as_str().is_some_and(|text| text.len() == 66));
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);

    let junit = run("junit");
    assert!(
        junit.stdout.contains("failures=\"1\" errors=\"1\""),
        "{}",
        junit.stdout
    );
    assert!(junit.stderr.contains("a b,c.yaml:11:4"), "{}", junit.stderr);

    let github = run("github").stdout;
    assert!(
        github.contains(
            "::error file=a b%2Cc.yaml,line=8,col=16,endColumn=19,title=unpinned-chart::"
        ),
        "{github}"
    );
    assert!(github.contains("::error file=a b%2Cc.yaml,line=11,col=4,title=lockkeeper::"));

    let human = run("human").stdout;
    assert!(human.contains("denied[unpinned-chart]"));
    assert!(human.contains("--> a b,c.yaml:8:16"), "{human}");
}

#[test]
fn json_keeps_to_its_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../docs/check.schema.json")).expect("it is JSON");
    let scratch = Scratch::new();
    scratch.write(
        "lockkeeper.yaml",
        "exemptions:\n- {rules: [unpinned-chart], releases: [other], reason: r, expiresAt: 2020-01-31}\n",
    );
    scratch.write("a.yaml", &release(BAD));
    scratch.write("b.yaml", &release(BAD).replace("romm", "other"));
    scratch.write("c.yaml", "a: 1\na: 2\n---\na: [\n---\na: {{ b }}\n");
    scratch.write(
        "d.yaml",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n",
    );
    let ran = scratch.run(&["check", ".", "missing", "-f", "json"]);
    let report = ran.json();
    check_cases::validate(&report, &schema, &schema, "");
    // The shapes that the schema allows were really there.
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(3));
    assert_eq!(report["problems"].as_array().map(Vec::len), Some(3));
    assert_eq!(report["skipped"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["findings"][1]["note"]["kind"], "exemption-expired");
    assert_eq!(report["findings"][2]["certainty"], "unverified");
    assert_eq!(
        report["summary"]["findings_by_rule"],
        json!({"unpinned-chart": 3})
    );
    let in_docs = include_str!("../docs/json.md");
    let example = in_docs
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("the docs show one");
    let example: Value = serde_json::from_str(example).expect("it is JSON");
    check_cases::validate(&example, &schema, &schema, "");
}

#[test]
fn no_output_holds_a_secret() {
    let scratch = Scratch::new();
    let secret = check_cases::secret();
    let values = format!(
        "  values:\n    db: {{password: {secret}, image: {{repository: a, tag: latest}}}} # {secret}\n    \
         password: |\n      {secret}\n    env:\n    - {{name: API_TOKEN, value: \"{secret}\"}}\n    \
         url: postgres://romm:{secret}@db/romm\n    image: {{repository: a, tag: {secret}-latest}}\n"
    );
    scratch.write("a.yaml", &format!("{}{values}", release(BAD)));
    scratch.write("b.yaml", &format!("{}{values}    x: [\n", release(BAD)));
    for format in ["human", "json", "sarif", "junit", "github"] {
        for more in [
            &["-v"][..],
            &["--ignore", "literal-secret,weak-default-secret"],
            &["--select", "unpinned-image"],
        ] {
            let args = [
                &["check", ".", "--format", format, "--color", "always"],
                more,
            ]
            .concat();
            let ran = scratch.run(&args);
            assert!(!ran.stdout.is_empty(), "{args:?}");
            for text in [&ran.stdout, &ran.stderr] {
                assert!(!text.contains(&secret), "{args:?} shows the secret");
            }
        }
    }
    let human = scratch.run(&["check", "a.yaml"]).stdout;
    assert!(human.contains("denied[literal-secret]"));
    assert!(human.contains("********"));
}

#[test]
fn a_file_cannot_steer_the_terminal() {
    let scratch = Scratch::new();
    // An OSC sequence, which would set the window's title.
    let name = "\"ro\\e]0;owned\\amm\"";
    let text = release(BAD).replace("name: romm", &format!("name: {name}"));
    scratch.write("a.yaml", &text);
    let ran = scratch.run(&["check", "a.yaml", "--color", "always"]);
    assert!(ran.stdout.contains("owned"), "{:?}", ran.stdout);
    assert!(!ran.stdout.contains("\x1b]"), "{:?}", ran.stdout);
    assert!(!ran.stdout.contains('\x07'), "{:?}", ran.stdout);
}
