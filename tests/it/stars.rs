//! Many things of which several sentences each say one thing, in no order of those that lead to them; calculations of
//! several steps over columns of few values; choices within what a definition leads over. Loops say what must come out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::support::{evaluated, grid, numbers};

const PATIENTS: u32 = 1600;
const LABS: u32 = 20000;

const RULES: &str = "language 1
kind Patient
kind Lab
relation Lab was taken from Patient
relation Lab measured analyte: Text
relation Lab gave Number?
relation Lab was taken on Date
relation Patient weighs Number
relation Patient is kin of relative: Patient
relation Lab shows level: Number
relation Patient is near other: Patient
define lab shows e
  when lab was taken from patient and patient weighs w and known lab gave v
   and e = least(v / 7, 3) ^ -0.5 * (w + 0.25) ^ 2 / (v + 1)
define patient is near other
  when a was taken from patient and a measured \"rare\"
   and (patient is kin of other or other is kin of patient)
   and b was taken from other and b measured \"rare\" and a is not b
question Patient is ill | well
  among patient weighs any w
lens twice {
  first match wins
  same-day: ill when a was taken from patient and a measured \"hb\" and known a gave x and x < 20 and a was taken on day
    and b was taken from patient and b measured \"crea\" and known b gave y and y > 70 and b was taken on day
  otherwise well
}
lens perhaps {
  low: ill when lab was taken from patient and lab measured \"hb\" and lab gave v and v < 2
  otherwise well
}
lens later {
  apart: ill when a was taken from patient and a measured \"crea\" and known a gave x and x > 90 and a was taken on first
    and b was taken from patient and b measured \"crea\" and known b gave y and y > 90 and b was taken on second
    and second - first >= 20
  otherwise well
}
lens level {
  high: ill when lab was taken from patient and lab shows e and e > 1800
  otherwise well
}
lens family {
  near: ill when patient is near any other
  otherwise well
}
lens counted {
  many: ill when count(l: l was taken from patient and l measured \"hb\" and l was taken on any d and d > 2025-01-20) >= 3
    and max(d: any l was taken from patient and l measured \"crea\" and l was taken on d) > 2025-01-25
  otherwise well
}
";

struct Lab {
    patient: u32,
    analyte: &'static str,
    value: Option<u32>,
    day: u32,
}

fn labs() -> Vec<Lab> {
    let mut next = numbers();
    let mut lab = || {
        let analyte = match next(20) {
            0 => "rare",
            1..8 => "hb",
            _ => "crea",
        };
        let value = Some(next(100) + 1).filter(|value| value % 50 != 49);
        Lab { patient: next(PATIENTS), analyte, value, day: next(28) }
    };
    (0..LABS).map(|_| lab()).collect()
}

fn weight(patient: u32) -> u32 {
    40 + patient * 13 % 60
}

fn text(labs: &[Lab], kin: &[(u32, u32)]) -> String {
    let mut facts = String::new();
    let mut say = |line: String| writeln!(facts, "  {line}").expect("a text takes all");
    for (at, lab) in (0..).zip(labs) {
        let Lab { patient, analyte, value, day } = lab;
        // Names in an order of their own.
        let name = format!("l{}", at * 7919 % LABS);
        say(format!("{name} was taken from p{patient}"));
        say(format!("{name} measured \"{analyte}\""));
        say(format!("{name} was taken on 2025-01-{:02}", day + 1));
        if let Some(value) = value {
            say(format!("{name} gave {value}"));
        }
    }
    (0..PATIENTS).for_each(|patient| say(format!("p{patient} weighs {}", weight(patient))));
    kin.iter().for_each(|(one, other)| say(format!("p{one} is kin of p{other}")));
    format!("{RULES}facts {{\n{facts}}}\n")
}

fn level(patient: u32, value: u32) -> f64 {
    let value = f64::from(value);
    (value / 7.0).min(3.0).powf(-0.5) * (f64::from(weight(patient)) + 0.25).powi(2) / (value + 1.0)
}

#[test]
fn what_is_said_of_many_things_is_found_whatever_order_it_lies_in() {
    let labs = labs();
    let mut next = numbers();
    let kin: Vec<(u32, u32)> = (0..900).map(|_| (next(PATIENTS), next(PATIENTS))).collect();
    let mut of: BTreeMap<u32, Vec<&Lab>> = BTreeMap::new();
    labs.iter().for_each(|lab| of.entry(lab.patient).or_default().push(lab));
    let none = Vec::new();
    let of = |patient: u32| of.get(&patient).unwrap_or(&none).iter().copied();
    let lines: BTreeSet<String> = evaluated(&text(&labs, &kin), grid).into_iter().collect();
    let mut seen = [0; 6];
    for patient in 0..PATIENTS {
        let known = |analyte: &'static str, is: fn(u32) -> bool| {
            of(patient).filter(move |lab| lab.analyte == analyte && lab.value.is_some_and(is))
        };
        let same_day = known("hb", |x| x < 20).any(|a| known("crea", |y| y > 70).any(|b| a.day == b.day));
        let perhaps = of(patient).any(|lab| lab.analyte == "hb" && lab.value.is_none());
        let low = known("hb", |x| x < 2).next().is_some();
        let later = known("crea", |x| x > 90).any(|a| known("crea", |x| x > 90).any(|b| b.day >= a.day + 20));
        let high = of(patient).any(|lab| lab.value.is_some_and(|v| level(patient, v) > 1800.0));
        let rare = |patient: u32| of(patient).filter(|lab| lab.analyte == "rare").count();
        let near = kin.iter().any(|(one, other)| {
            let relative = match (*one == patient, *other == patient) {
                (true, _) => *other,
                (_, true) => *one,
                _ => return false,
            };
            // Of one's own kin two are needed.
            rare(patient) > usize::from(relative == patient)
                && rare(relative) > usize::from(relative == patient)
        });
        let after = |analyte: &'static str, day: u32| {
            of(patient).filter(move |l| l.analyte == analyte && l.day > day)
        };
        let counted = after("hb", 19).count() >= 3 && after("crea", 24).next().is_some();
        let is = |ill: bool| if ill { "ill" } else { "well" };
        let perhaps = if low {
            "ill"
        } else if perhaps {
            "unknown (ill or well)"
        } else {
            "well"
        };
        let all = [
            ("twice", is(same_day)),
            ("perhaps", perhaps),
            ("later", is(later)),
            ("level", is(high)),
            ("family", is(near)),
            ("counted", is(counted)),
        ];
        for (at, (_, says)) in all.iter().enumerate() {
            seen[at] += usize::from(*says == "ill");
        }
        let says: Vec<String> = all.iter().map(|(lens, says)| format!("{lens}={says}")).collect();
        let line = format!("p{patient}: {}", says.join(" "));
        assert!(
            lines.contains(&line),
            "{line} is not what is said:\n{}",
            lines
                .iter()
                .find(|other| other.starts_with(&format!("p{patient}:")))
                .cloned()
                .unwrap_or_default()
        );
    }
    assert!(seen.iter().all(|seen| (10..PATIENTS as usize - 10).contains(seen)), "{seen:?}");
}
