use super::format;
use crate::base::FileId;
use crate::syntax::ast::ItemKind;
use crate::syntax::parse;

/// The syntax of a text without its places.
fn meaning(text: &str) -> String {
    let shown = format!("{:?}", parse(FileId(0), text).ast);
    let mut out = String::new();
    let mut rest = shown.as_str();
    while let Some(at) = rest.find("Span {") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest
            .find("end:")
            .and_then(|end| rest[end..].find('}').map(|close| end + close + 1))
            .unwrap_or(rest.len());
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn check(text: &str) -> String {
    let once = format(text).expect("sound syntax");
    assert_eq!(format(&once).as_deref(), Some(once.as_str()), "laid out twice is laid out once");
    let comments = |text: &str| text.lines().filter(|line| line.contains('#')).count();
    assert_eq!(comments(text), comments(&once), "every comment is kept");
    once
}

const RULESET: &str = r#"
ruleset   "Who?"
language 1
kind Party # what there is
kind Organisation:Party   # every organisation is a party
kind Offering
relation Organisation makes Offering "produces it"
relation Party uses Offering "uses or consumes it"
relation Party stands Number links from Organisation,keeping the fewest
define party stands n links from organisation when seller stands m links from organisation and seller sells any offering to party and n = m + 1
question Party is customer|partner | other of Organisation among (organisation makes thing and party uses thing) or organisation makes any thing2

lens seybold "The end consumer" {
  otherwise other
  first match wins
  consumes: customer "uses it" when organisation makes thing and party uses thing unless party distributes thing
  # a comment
  channel:partner when organisation makes thing and party distributes thing # trailing
  cites "Somebody"
}
facts { acme makes widget }
scenario s { charity makes advocacy
  expect client, charity: customer by seybold;other by kde }
"#;

#[test]
fn a_ruleset_is_laid_out() {
    insta::assert_snapshot!(check(RULESET));
}

#[test]
fn meaning_is_kept_but_for_the_order_in_a_lens() {
    let sorted =
        RULESET.replace("  otherwise other\n", "").replace("  cites \"Somebody\"\n", "  otherwise other\n");
    assert_eq!(meaning(&sorted), meaning(&check(&sorted)));
}

#[test]
fn signs_and_calls_keep_their_blanks() {
    let text = "never x when a has n and n > -5 and m = n - 1 and k = (m + 2) * 3 and abs(k) > 2\n";
    let once = check(text);
    assert_eq!(meaning(text), meaning(&once));
    assert!(once.contains("n > -5") && once.contains("n - 1") && once.contains("abs(k)"), "{once}");
}

#[test]
fn a_line_that_begins_with_an_operator_goes_on_with_the_one_before() {
    let parts = ["never x when a has n and m = n", "* 3", "- 1 and n", ">= m", "and k is a K"];
    assert_eq!(check(&(parts.join("\n  ") + "\n")), check(&(parts.join(" ") + "\n")));
}

#[test]
fn what_has_errors_is_left_alone() {
    assert_eq!(format("kind\n"), None);
}

#[test]
fn a_condition_goes_on_after_what_joins_it() {
    let head = "language 1\nkind P\nrelation P is tall\nrelation P is rich\nquestion P is a | b\n  among p is tall\nlens x {\n  otherwise b\n";
    let before = format!(
        "{head}  r: a when p is tall and # both\n    not\n    p is rich\n  s: b when p is rich or\n  p is tall\n}}\n"
    );
    let behind = format!(
        "{head}  r: a when p is tall # both\n    and not p is rich\n  s: b when p is rich\n    or p is tall\n}}\n"
    );
    assert_eq!(meaning(&before), meaning(&behind));
    check(&before);
    // A declaration begins anew.
    let items = parse(FileId(0), "language 1\nkind P\nrelation P is rich or\nkind Q\n").ast.items;
    assert!(
        matches!(items.last().map(|item| &item.kind), Some(ItemKind::Kind { name, .. }) if name.text == "Q")
    );
}
