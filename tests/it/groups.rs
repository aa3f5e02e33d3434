//! Aggregates by group over many members, in which the same groups come up again and again. Loops over the
//! members say what must come out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::{evaluated, grid, numbers};

const MEMBERS: u32 = 9000;
const GROUPS: u32 = 70;

const RULES: &str = "kind Person
kind Team
relation Person plays for Team
relation Person scores Number
relation Person has shade Number
question Person is above | below
  among person plays for any team
lens mean {
  a: above when person plays for team and person scores n
            and n > average(m for each p: p plays for team and p scores m)
  otherwise below
}
lens middle {
  a: above when person plays for team and person scores n
            and n > median(m for each p: p plays for team and p scores m)
  otherwise below
}
lens total {
  a: above when person plays for team and sum(m for each p: p plays for team and p scores m) > 1000
  otherwise below
}
lens all {
  a: above when person scores n and n >= median(m for each p: p scores m)
  otherwise below
}
lens shade {
  a: above when person plays for team and person has shade c and person scores n
            and n > max(m: any p plays for team and p has shade c and p scores m) - 3
  otherwise below
}
";

struct Member {
    teams: Vec<u32>,
    scores: Option<i64>,
    shade: u32,
}

fn members() -> Vec<Member> {
    let mut next = numbers();
    (0..MEMBERS)
        .map(|_| {
            // Low numbers come up more often: some teams are large, some small.
            let mut teams: Vec<u32> = (0..=next(2)).map(|_| next(GROUPS).min(next(GROUPS))).collect();
            teams.sort_unstable();
            teams.dedup();
            let scores = (next(20) > 0).then(|| i64::from(next(200)) - 90);
            Member { teams, scores, shade: next(9) }
        })
        .collect()
}

fn text(members: &[Member]) -> String {
    let mut facts = String::new();
    for (at, member) in members.iter().enumerate() {
        for team in &member.teams {
            writeln!(facts, "  p{at} plays for t{team}").expect("a text takes all");
        }
        writeln!(facts, "  p{at} has shade {}", member.shade).expect("a text takes all");
        if let Some(scores) = member.scores {
            writeln!(facts, "  p{at} scores {scores}").expect("a text takes all");
        }
    }
    format!("language 1\n{RULES}facts {{\n{facts}}}\n")
}

/// Twice the number in the middle.
fn middle(numbers: &mut [i64]) -> i64 {
    numbers.sort_unstable();
    let count = numbers.len();
    numbers[(count - 1) / 2] + numbers[count / 2]
}

#[test]
fn groups_come_to_what_loops_over_them_come_to() {
    let members = members();
    let mut teams: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    let mut shades: BTreeMap<(u32, u32), i64> = BTreeMap::new();
    let mut all: Vec<i64> = Vec::new();
    for member in &members {
        let Some(scores) = member.scores else { continue };
        all.push(scores);
        for team in &member.teams {
            teams.entry(*team).or_default().push(scores);
            let most = shades.entry((*team, member.shade)).or_insert(scores);
            *most = scores.max(*most);
        }
    }
    let overall = middle(&mut all);
    let middles: BTreeMap<u32, i64> =
        teams.iter_mut().map(|(team, numbers)| (*team, middle(numbers))).collect();
    let mut expected: Vec<String> = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let any = |is: &dyn Fn(u32, i64) -> bool| {
            let is = member.scores.is_some_and(|scores| member.teams.iter().any(|team| is(*team, scores)));
            if is { "above" } else { "below" }
        };
        let sum = |team: u32| teams.get(&team).map_or(0, |numbers| numbers.iter().sum::<i64>());
        let large = member.teams.iter().any(|team| sum(*team) > 1000);
        expected.push(format!(
            "p{at}: mean={} middle={} total={} all={} shade={}",
            any(&|team, scores| scores * teams[&team].len() as i64 > sum(team)),
            any(&|team, scores| 2 * scores > middles[&team]),
            if large { "above" } else { "below" },
            any(&|_, scores| 2 * scores >= overall),
            any(&|team, scores| scores > shades[&(team, member.shade)] - 3),
        ));
    }
    expected.sort();
    let found = evaluated(&text(&members), grid);
    let differ = found.iter().zip(&expected).find(|(found, expected)| found != expected);
    assert_eq!(differ, None);
    assert_eq!(found.len(), expected.len());
    for lens in ["mean", "middle", "total", "all", "shade"] {
        for outcome in ["above", "below"] {
            let said = format!(" {lens}={outcome}");
            assert!(expected.iter().any(|line| line.contains(&said)), "nobody has{said}");
        }
    }
}
