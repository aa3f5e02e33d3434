//! What is said of answers that are open, or that doubt leaves as they are.

use super::says;

const PEOPLE: &str = "kind Person\nkind Club\nrelation Person is here\nrelation Person is in\nrelation Person leads\n\
    relation Person is banned\nrelation Person is trusted\nrelation Person earns Number?\n\
    relation Person joined Club on Date?\nrelation Club charges Number?\nquestion Person is yea | nay | mid\n  \
    among person is here\ndefine person is trusted\n  when person leads unless person is banned\n";

#[test]
fn shares_do_not_hang_on_the_order_of_gaps_with_values() {
    let mean = format!(
        "{PEOPLE}lens a {{\n  r1: yea when average(n for each p: p earns n) >= 20\n  otherwise nay\n}}\n\
         facts {{\n  ann is here\n  bob is here\n  dee earns 10\n  eve earns 30\n}}\n"
    );
    let text = says(&mean, "ann", &["in: ann earns …\n", "in: bob earns …\n"]);
    assert!(!text.contains('%'), "{text}");
    let fees = format!(
        "{PEOPLE}lens a {{\n  r1: yea when person joined c on any dd and c charges f and f >= 50\n  otherwise nay\n}}\n\
         facts {{\n  bob is here\n  chess is a Club\n}}\n"
    );
    let text = says(&fees, "bob", &["in: chess charges …\n"]);
    assert!(!text.contains('%'), "{text}");
    let both = format!(
        "{PEOPLE}lens a {{\n  r1: yea when person is in and person earns n and n >= 20\n  otherwise nay\n}}\n\
         facts {{\n  ann is here\n  maybe ann is in\n}}\n"
    );
    says(
        &both,
        "ann",
        &[
            "whether ann is in (main.lens:",
            "ann earns … (matters, for some values, in 50 % of the ways the rest may turn out)",
        ],
    );
}

#[test]
fn what_follows_only_perhaps_is_said_to_be_perhaps_so() {
    let rules = format!(
        "{PEOPLE}lens a {{\n  r1: yea when person is trusted and not person leads\n  otherwise nay\n}}\n\
         lens b {{\n  r1: yea when person is trusted and not person is in\n  otherwise nay\n}}\n\
         facts {{\n  dee is here\n  dee leads\n  maybe dee is banned\n  eve is here\n  eve leads\n  maybe eve is in\n}}\n"
    );
    let text =
        says(&rules, "dee", &["perhaps dee is trusted (main.lens:", "there is no record that dee is in"]);
    assert!(!text.contains("      dee is trusted"), "{text}");
    let text = says(&rules, "eve", &["      eve is trusted", "there is no certain record that eve is in"]);
    assert!(!text.contains("perhaps eve is trusted"), "{text}");
}

#[test]
fn an_answer_that_is_the_same_either_way_has_that_for_its_reason() {
    let rules = format!(
        "{PEOPLE}lens a {{\n  r1: nay when not person is banned\n  otherwise nay\n}}\n\
         lens b {{\n  r1: nay when person earns n and n > 3\n  r2: nay when not person is banned\n  otherwise as a\n}}\n\
         lens c {{\n  r1: yea when person is here\n  r2: nay when person is here\n  r3: mid when not person is banned\n}}\n\
         facts {{\n  ann is here\n  maybe ann is banned\n}}\n"
    );
    let text = says(
        &rules,
        "ann",
        &[
            "ann is nay according to a, whether or not row `r1` matches.",
            "ann is nay according to b, whichever of `r1` and `r2` match, as a says so too.",
            "contradict each other on ann: `r1` gives `yea` and `r2` gives `nay`.",
        ],
    );
    assert!(!text.contains("because"), "{text}");
}

#[test]
fn the_one_value_at_which_a_figure_is_equal_is_found() {
    let lens =
        |name: &str, figure: &str| format!("lens {name} {{\n  r1: yea when {figure}\n  otherwise nay\n}}\n");
    let rules = format!(
        "{PEOPLE}{}{}{}{}facts {{\n  ann is here\n  bob is here\n  ann earns 20\n}}\n",
        lens("a", "average(n for each p: p earns n) != 30"),
        lens("b", "sum(n for each p: p earns n) != 41"),
        lens("c", "(sum(n for each p: p earns n) - 4) * 3 + 1 = 310"),
        lens("d", "person is here and sum(n for each p: p earns n) * 2 = max(m: any q earns m)"),
    );
    let text = says(&rules, "ann", &["if bob earns 40: nay", "if bob earns 21: nay", "if bob earns 87: yea"]);
    assert!(text.contains("if bob earns -10: yea"), "{text}");
    assert!(!text.contains("all the same"), "{text}");
}

#[test]
fn a_value_that_is_not_known_is_said_to_be_so() {
    let rules = format!(
        "{PEOPLE}lens b {{\n  r1: mid when person earns w5 and w5 >= 40\n  r2: yea when known person earns any w6\n  \
         r2 overrides r1\n  otherwise nay\n}}\n\
         facts {{\n  ann is here\n  ann is in\n}}\n"
    );
    let text =
        says(&rules, "ann", &["Not `yea` by row `r2`: w is not known", "No answers to these settle it"]);
    assert!(!text.contains("it is not so that"), "{text}");
}

#[test]
fn values_that_settle_together_are_told_in_few_lines() {
    let rules = format!(
        "{PEOPLE}lens a {{\n  r1: yea when average(n for each p: p earns n) >= 20\n  otherwise nay\n}}\n\
         facts {{\n  ann is here\n  bob is here\n  cyd is here\n  dee earns 10\n  eve earns 30\n}}\n"
    );
    let text = says(&rules, "ann", &["It is settled (not everything was tried):", "(or more"]);
    let rest = text.split("It is settled").nth(1).expect("something settles it");
    assert!(rest.lines().take_while(|line| !line.contains("more, with --tree")).count() <= 5, "{text}");
}

#[test]
fn a_value_that_settles_nothing_is_not_among_those_that_do() {
    let rules = format!(
        "{PEOPLE}relation Person owns Number?\nlens a {{\n  r1: yea when person earns 18 and person owns w and w > 4\n  \
         otherwise nay\n}}\nfacts {{\n  ann is here\n}}\n"
    );
    let text = says(&rules, "ann", &["if ann earns 17 (or less", "if ann earns 19 (or more"]);
    assert!(!text.contains("if ann earns 18"), "{text}");
}

#[test]
fn averages_of_members_that_are_in_doubt_are_tried() {
    let rules = format!(
        "{PEOPLE}relation Person paid Number in round: Number\n\
         lens a {{\n  r1: yea when person earns n and n = average(k for each r: person paid k in r)\n  otherwise nay\n}}\n\
         facts {{\n  ann is here\n  maybe ann paid 2 in 1\n  ann paid 3 in 2\n}}\n"
    );
    // With both payments it is 2.5, without the one in doubt 3: neither settles it, whatever lies beside them does.
    let text = says(&rules, "ann", &["if ann earns 2.4 (or less", "if ann earns 2.6: nay"]);
    assert!(!text.contains("earns 2.5") && !text.contains("earns 3"), "{text}");
}
