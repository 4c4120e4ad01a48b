//! Keys, signatures, replays and proofs, as an auditor and the holder of a document use them.

use std::fs;

use super::{kilim, shipped};

#[test]
fn a_run_of_three_nodes_is_signed_replayed_and_its_documents_are_proven() {
    let folder = tempfile::tempdir().unwrap();
    shipped("sovereign-three", folder.path());
    let say = |args: &[&str]| kilim(folder.path(), args);
    let done = |args: &[&str]| {
        let said = say(args);
        assert_eq!(said.code, 0, "{args:?}: {}{}", said.out, said.err);
        said.out
    };
    let told = done(&["keygen", "--out", "run.pem"]);
    let id = told.lines().find_map(|line| line.strip_prefix("key id: ")).unwrap().to_owned();
    done(&["keygen", "--salts", "--out", "salts"]);
    let again = say(&["keygen", "--out", "run.pem"]);
    assert_eq!(again.code, 2, "{}", again.out);
    assert!(again.err.contains("is there already") && again.err.contains("hint: "), "{}", again.err);

    let keys = ["--signing-key", "run.pem", "--salts", "salts"];
    let ran = done(&[&["run", "--no-progress"], &keys[..]].concat());
    assert_eq!(ran.matches(&format!("signed by key {}", &id[..16])).count(), 3, "{ran}");
    let verified = done(&["verify", "--key", "run.pem.pub"]);
    assert_eq!(verified.matches("verified;").count(), 3, "{verified}");
    assert_eq!(verified.matches(&format!("signed by your key {}", &id[..16])).count(), 3, "{verified}");
    assert!(done(&["verify"]).contains("compared with none of yours"));
    assert!(done(&["audit", "replay"]).contains("; all agree"));
    done(&["audit", "replay", "out/ke/v0001", "out/in/v0001", "out/eu/v0001"]);

    let query = "SELECT node, min(doc_id) AS id FROM placements GROUP BY node ORDER BY node";
    let found: serde_json::Value = serde_json::from_str(&done(&["sql", query, "--format", "json"])).unwrap();
    let found = found.as_array().unwrap();
    assert!(found.len() >= 2, "{found:?}");
    for row in found {
        let (node, id) = (row["node"].as_str().unwrap(), row["id"].as_str().unwrap());
        let version = format!("out/{node}/v0001");
        let manifest = format!("{version}/manifest.json");
        done(&["audit", "prove", id, &version, "--out", "proof.json"]);
        let checked = done(&["audit", "check", "proof.json", &manifest, "--key", "run.pem.pub"]);
        assert!(
            checked.contains(&format!("document {id} is row")) && checked.contains("is signed by key"),
            "{checked}"
        );
        // As its holder has it: the proof and the manifest, and nothing else.
        let holder = tempfile::tempdir().unwrap();
        for (from, to) in [("proof.json", "proof.json"), (&manifest, "manifest.json")] {
            fs::copy(folder.path().join(from), holder.path().join(to)).unwrap();
        }
        let said = kilim(holder.path(), &["audit", "check", "proof.json", "manifest.json"]);
        assert_eq!(said.code, 0, "{}", said.out);
        let said = say(&["audit", "check", "proof.json", &manifest, "--key", "salts"]);
        assert_eq!(said.code, 2, "a secret is no public key: {}", said.out);
        let forged = fs::read_to_string(holder.path().join("proof.json")).unwrap().replacen(
            "\"row\": ",
            "\"row\": 1",
            1,
        );
        fs::write(holder.path().join("proof.json"), forged).unwrap();
        let said = kilim(holder.path(), &["audit", "check", "proof.json", "manifest.json"]);
        assert_eq!(said.code, 1, "{}", said.out);
        assert!(said.out.contains("does not lead to the root"), "{}", said.out);
    }
    let none = say(&["audit", "prove", "ffffffffffffffffffffffffffffffff"]);
    assert_eq!(none.code, 2, "{}", none.out);
    assert!(none.err.contains("no shard there holds"), "{}", none.err);
}
