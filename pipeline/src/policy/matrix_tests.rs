//! Answers by jurisdiction and node.

use super::super::{LICENCES, RESIDENCY};
use super::*;

fn node(name: &str, home: &str, accepts: &[&str]) -> NodeFacts {
    NodeFacts {
        name: name.to_owned(),
        jurisdiction: home.to_owned(),
        mode: "open".to_owned(),
        accepts: accepts.iter().map(|&country| country.to_owned()).collect(),
    }
}

fn made(text: &str, seen: &[&[&str]]) -> Matrix {
    let files = [("residency.cedar", RESIDENCY), ("licences.cedar", LICENCES), ("sera.cedar", text)];
    let nodes = [node("ke", "KE", &["KE", "TZ", "UG"]), node("eu", "EU", &["DE", "EU", "GR"])];
    let seen = seen.iter().map(|set| set.iter().map(|&country| country.to_owned()).collect()).collect();
    matrix(&Policies::load(&files).unwrap(), &nodes, &seen).unwrap().unwrap()
}

fn row<'a>(matrix: &'a Matrix, set: &str) -> &'a MatrixRow {
    let found = matrix.rows.iter().find(|row| row.jurisdictions.iter().any(|it| set_told(it) == set));
    found.unwrap_or_else(|| panic!("no row of {set} in {matrix:?}"))
}

#[test]
fn russia_reaches_no_node_and_neighbours_share_a_row() {
    let matrix = made("", &[&["KE", "DE"]]);
    assert_eq!(matrix.nodes, ["ke", "eu"]);
    for none in ["RU", "none", "any other", "DE+KE"] {
        assert_eq!(row(&matrix, none).cells, [Cell::No, Cell::No], "{none}");
    }
    let neighbours = row(&matrix, "TZ");
    assert_eq!(neighbours.jurisdictions.len(), 2, "{neighbours:?}");
    assert!(matches!(neighbours.cells[0], Cell::If(_)) && neighbours.cells[1] == Cell::No);
}

#[test]
fn conditions_name_the_values_that_pass() {
    let matrix = made("", &[]);
    let Cell::If(home) = row(&matrix, "KE").cells[0] else { panic!("{matrix:?}") };
    let condition = &matrix.conditions[home];
    assert!(condition.together.is_empty(), "{condition:?}");
    assert!(condition.values.contains(&("opt-out", "unknown or allow".to_owned())), "{condition:?}");
    assert!(
        condition.values.contains(&("licence tier", "5 or 4 or 3 or 2 or 0".to_owned())),
        "{condition:?}"
    );
    // At home any mode will do; abroad only two.
    assert!(condition.values.iter().all(|(word, _)| *word != "mode"));
    let Cell::If(abroad) = row(&matrix, "TZ").cells[0] else { panic!("{matrix:?}") };
    assert!(matrix.conditions[abroad].values.contains(&("mode", "open or restricted".to_owned())));
}

#[test]
fn attributes_that_matter_only_together_are_said_to() {
    let text = "@id(\"care\") @because(\"ውል\")\nforbid (principal, action == Action::\"emit\", resource)\n\
                when { !resource.community.isEmpty() && resource.steward == \"\" };\n";
    let matrix = made(text, &[]);
    let Cell::If(home) = row(&matrix, "KE").cells[0] else { panic!("{matrix:?}") };
    assert_eq!(matrix.conditions[home].together, ["community", "steward"]);
}
