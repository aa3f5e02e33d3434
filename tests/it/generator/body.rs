//! Random bodies: sentences, tests of their words, negations and choices.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Generator, Sort, relation};

#[derive(Clone)]
enum Arg {
    Var(usize),
    Any,
    Text(String),
}

#[derive(Clone)]
enum Piece {
    Sentence(String, Vec<Arg>),
    /// A condition on variables: a text with `%` for each.
    Test(String, Vec<usize>),
    Not(Vec<Piece>),
    Or(Vec<Vec<Piece>>),
}

/// A body in the making.
#[derive(Default)]
pub(super) struct Body {
    sorts: Vec<Sort>,
    /// Variables with a value outside negative parts.
    bound: Vec<usize>,
    pieces: Vec<Piece>,
    /// Variables that a text names once more than its pieces tell.
    named: Vec<usize>,
}

impl Body {
    /// A new variable; without a value so far.
    fn fresh(&mut self, sort: Sort) -> usize {
        self.sorts.push(sort);
        self.sorts.len() - 1
    }
}

impl Generator {
    /// A random body in which the given words get values.
    pub(super) fn body(&mut self, subject: &[(&'static str, Sort)], size: usize) -> Body {
        let mut body = Body::default();
        for (at, (_, sort)) in subject.iter().enumerate() {
            body.sorts.push(*sort);
            body.bound.push(at);
        }
        for at in 0..subject.len() {
            // Without a population, and in conclusions, each word needs a sentence of its own.
            let sort = body.sorts[at];
            let candidates: Vec<usize> =
                self.usable.iter().copied().filter(|place| relation(*place).slots.contains(&sort)).collect();
            let place = *self.random.pick(&candidates);
            let slot = relation(place).slots.iter().position(|other| *other == sort).unwrap_or(0);
            let mut args = self.args(&mut body, relation(place).slots, true);
            // A new word that would have stood there is not named after all.
            if let Arg::Var(var) = args[slot]
                && var >= subject.len()
                && args.iter().filter(|arg| matches!(arg, Arg::Var(other) if *other == var)).count() == 1
                && !body.pieces.iter().any(|piece| mentions(piece, var))
            {
                body.bound.retain(|bound| *bound != var);
            }
            args[slot] = Arg::Var(at);
            body.pieces.push(Piece::Sentence(relation(place).sentence.to_owned(), args));
        }
        for _ in 0..size {
            let piece = self.piece(&mut body);
            body.pieces.push(piece);
        }
        body
    }

    fn args(&mut self, body: &mut Body, slots: &[Sort], may_bind: bool) -> Vec<Arg> {
        slots
            .iter()
            .map(|sort| {
                let known: Vec<usize> =
                    body.bound.iter().copied().filter(|var| body.sorts[*var] == *sort).collect();
                match self.random.below(10) {
                    0..=4 if !known.is_empty() => Arg::Var(*self.random.pick(&known)),
                    5 | 6 if may_bind => {
                        let var = body.fresh(*sort);
                        body.bound.push(var);
                        Arg::Var(var)
                    }
                    7 => {
                        self.features.insert("constant");
                        let constant = self.constant(*sort);
                        let thing = matches!(sort, Sort::T | Sort::U);
                        Arg::Text(if thing { format!("\"{constant}\"") } else { constant })
                    }
                    _ => Arg::Any,
                }
            })
            .collect()
    }

    fn sentence(&mut self, body: &mut Body, may_bind: bool) -> Piece {
        let place = self.usable[self.random.below(self.usable.len())];
        let args = self.args(body, relation(place).slots, may_bind);
        Piece::Sentence(relation(place).sentence.to_owned(), args)
    }

    /// A word for a sort with a value: a sentence is added that gives one where there is none.
    fn word(&mut self, body: &mut Body, sort: Sort, sentence: &str) -> usize {
        let known: Vec<usize> = body.bound.iter().copied().filter(|var| body.sorts[*var] == sort).collect();
        if !known.is_empty() {
            return *self.random.pick(&known);
        }
        let var = body.fresh(sort);
        body.bound.push(var);
        body.pieces.push(Piece::Sentence(sentence.to_owned(), vec![Arg::Any, Arg::Var(var)]));
        var
    }

    #[expect(clippy::too_many_lines, reason = "one arm per construct")]
    fn piece(&mut self, body: &mut Body) -> Piece {
        match self.random.below(35) {
            20..=25 => self.aggregate(body),
            26 => {
                self.features.insert("known");
                let thing = self.word(body, Sort::T, "% knows %");
                self.anys += 1;
                let known = *self.random.pick(&["scored any W", "shines", "likes any W"]);
                Piece::Test(
                    format!("known % {}", known.replace('W', &format!("w{}", self.anys))),
                    vec![thing],
                )
            }
            27 => {
                self.features.insert("not known");
                let thing = self.word(body, Sort::T, "% knows %");
                self.anys += 1;
                Piece::Test(format!("not known % scored any w{}", self.anys), vec![thing])
            }
            28 => {
                self.features.insert("function");
                let var = self.word(body, Sort::Number, "% has % points");
                let test = *self.random.pick(&["abs(%) > 1", "greatest(%, limit) <= 2", "least(%, 2) != 1"]);
                Piece::Test(test.to_owned(), vec![var])
            }
            29 => {
                self.features.insert("open value");
                let thing = if body.sorts.first() == Some(&Sort::T) && self.random.chance(70) {
                    0
                } else {
                    self.word(body, Sort::T, "% knows %")
                };
                let var = body.fresh(Sort::Number);
                body.bound.push(var);
                body.named.push(var);
                let op = *self.random.pick(&["=", "<", "<=", ">", ">=", "!="]);
                let bound = *self.random.pick(&["1", "2", "limit"]);
                Piece::Sentence(format!("% scored % {op} {bound}"), vec![Arg::Var(thing), Arg::Var(var)])
            }
            30..=32 => self.equality(body),
            33 | 34 => self.choice(body),
            0 => {
                self.features.insert("not");
                let inner = (0..=self.random.below(2)).map(|_| self.sentence(body, false)).collect();
                Piece::Not(inner)
            }
            1 => {
                self.features.insert("not without brackets");
                let Piece::Sentence(text, args) = self.sentence(body, false) else {
                    unreachable!("a sentence is one")
                };
                Piece::Sentence(format!("not {text}"), args)
            }
            2 => {
                self.features.insert("not with any used again");
                let thing = self.word(body, Sort::T, "% knows %");
                self.anys += 1;
                let word = format!("w{}", self.anys);
                let inner = *self.random.pick(&[
                    "% knows any W and W shines",
                    "any W knows % and W has any WN points",
                    "% likes any W and not W is owned by any WN",
                    "% knows any W and W knows any WN and WN shines",
                    "any W knows % and W knows any WN and WN shines",
                ]);
                Piece::Test(
                    format!("not ({})", inner.replace("WN", &format!("{word}n")).replace('W', &word)),
                    vec![thing],
                )
            }
            3 => {
                self.features.insert("or");
                Piece::Or((0..2).map(|_| vec![self.sentence(body, false)]).collect())
            }
            4 => {
                self.features.insert("or of and");
                let both = vec![self.sentence(body, false), self.sentence(body, false)];
                Piece::Or(vec![both, vec![self.sentence(body, false)]])
            }
            5 => {
                self.features.insert("or that gives a value");
                let var = body.fresh(Sort::T);
                let first = Piece::Sentence("% shines".to_owned(), vec![Arg::Var(var)]);
                let second = Piece::Sentence("% knows %".to_owned(), vec![Arg::Any, Arg::Var(var)]);
                body.bound.push(var);
                Piece::Or(vec![vec![first], vec![second]])
            }
            6 | 7 => self.number(body),
            8 => {
                self.features.insert("value");
                let from = self.word(body, Sort::Number, "% has % points");
                let var = body.fresh(Sort::Number);
                let how = *self.random.pick(&["% * 2 - 1", "-% / 4", "% ^ 2 - limit"]);
                // A value that is given must be used, so it is compared at once.
                Piece::Test(format!("% = {how} and % > 1"), vec![var, from, var])
            }
            9 | 10 => self.date(body),
            11 => {
                self.features.insert("flag");
                let thing = self.word(body, Sort::T, "% knows %");
                let flag = self.constant(Sort::Flag);
                Piece::Test(format!("% opted in {flag}"), vec![thing])
            }
            12 => {
                self.features.insert("is");
                let left = self.word(body, Sort::T, "% knows %");
                let things: Vec<usize> =
                    body.bound.iter().copied().filter(|v| body.sorts[*v] == Sort::T && *v != left).collect();
                let word = if self.random.chance(60) { "is not" } else { "is" };
                if things.is_empty() {
                    let name = self.constant(Sort::T);
                    Piece::Test(format!("% {word} \"{name}\""), vec![left])
                } else {
                    Piece::Test(format!("% {word} %"), vec![left, *self.random.pick(&things)])
                }
            }
            13 => {
                self.features.insert("one of");
                let thing = self.word(body, Sort::T, "% knows %");
                Piece::Test("% is one of \"ann\", \"cat\"".to_owned(), vec![thing])
            }
            14 => {
                self.features.insert("is a kind");
                let thing = self.word(body, Sort::T, "% knows %");
                Piece::Test("% is a S".to_owned(), vec![thing])
            }
            15..=17 if !self.askable.is_empty() => self.ask(body),
            _ => self.sentence(body, true),
        }
    }

    /// A comparison with an aggregate over what stands in relation to a word.
    fn aggregate(&mut self, body: &mut Body) -> Piece {
        let thing = self.word(body, Sort::T, "% knows %");
        let forms = [
            ("count", "count(A: % likes A)"),
            ("count", "count(A: % knows any B and B likes A)"),
            ("count", "count(A: % knows A and A scored any B and B > 1)"),
            ("sum", "sum(A for each B: % knows B and B scored A)"),
            ("sum", "sum(A * 2 for each A: % has A points)"),
            ("average", "average(A for each A: % has A points)"),
            ("average", "average(A for each B: known B scored A and B knows %)"),
            ("median", "median(A for each B A: % rated B with A)"),
            ("median", "median(A for each A weighted by D: % has A points and % scored D)"),
            ("min", "min(A: % has A points)"),
            ("min", "min(A: % knows any B and B scored A)"),
            ("max", "max(A: % rated any B with A)"),
            ("max", "max(A + 1: % likes any B and % has A points)"),
            ("nested", "count(A: % knows A and count(B: A likes B) >= 1)"),
            ("nested", "max(A: % has A points and A > min(B: any D has B points and D shines))"),
            ("nested", "count(A: % knows A and not (A has any B points and B > count(D: A likes D)))"),
        ];
        let (name, form) = *self.random.pick(&forms);
        self.features.insert(name);
        if form.contains("weighted") {
            self.features.insert("weighted");
        }
        self.anys += 1;
        let at = self.anys;
        let mut text = form.to_owned();
        for word in ["A", "B", "D"] {
            text = text.replace(word, &format!("{}{at}", word.to_lowercase()));
        }
        let op = *self.random.pick(&["=", "!=", "<", "<=", ">", ">="]);
        let mut vars = vec![thing; text.matches('%').count()];
        if self.random.chance(20) {
            self.features.insert("aggregate and a value");
            vars.push(self.number_word(body));
            return Piece::Test(format!("{text} {op} %"), vars);
        }
        let bound = *self.random.pick(&["0", "1", "2", "2.5"]);
        Piece::Test(format!("{text} {op} {bound}"), vars)
    }

    fn number(&mut self, body: &mut Body) -> Piece {
        let op = *self.random.pick(&["=", "!=", "<", "<=", ">", ">="]);
        if self.random.chance(40) {
            self.features.insert("sentence and comparison");
            let mut args = self.args(body, &[Sort::T, Sort::U], true);
            let var = body.fresh(Sort::Number);
            body.bound.push(var);
            body.named.push(var);
            args.push(Arg::Var(var));
            return Piece::Sentence(format!("% rated % with % {op} 2"), args);
        }
        self.features.insert("comparison");
        let var = self.word(body, Sort::Number, "% has % points");
        let other = *self.random.pick(&["1", "2.5", "limit", "limit + 1", "2 * limit - 1"]);
        if other.contains("limit") {
            self.features.insert("parameter");
        }
        if other.contains(' ') {
            self.features.insert("arithmetic");
        }
        Piece::Test(format!("% {op} {other}"), vec![var])
    }

    /// Something that equals what is named elsewhere, or what is worked out from that.
    fn equality(&mut self, body: &mut Body) -> Piece {
        self.features.insert("equality");
        if self.random.chance(20) {
            let thing = self.word(body, Sort::T, "% knows %");
            let other = body.fresh(Sort::T);
            body.bound.push(other);
            body.pieces.push(Piece::Sentence("% knows %".to_owned(), vec![Arg::Any, Arg::Var(other)]));
            return Piece::Test("% is %".to_owned(), vec![thing, other]);
        }
        let value = self.number_word(body);
        if self.random.chance(60) {
            self.features.insert("value from outside");
            self.anys += 1;
            let at = self.anys.to_string();
            let form = self.random.pick(&[
                "not (any w0 has n0 points and n0 = % + 1 and w0 shines)",
                "not (any w0 has any n0 points and n0 < %)",
                "not (any w0 scored any n0 and n0 = %)",
                "count(a0: a0 has n0 points and n0 = % - 1) >= 1",
                "count(a0: a0 has any n0 points and n0 > %) >= 2",
                "count(a0: a0 scored any n0 and n0 > %) < 2",
                "sum(n0 for each a0 n0: a0 has n0 points and n0 <= %) > 2",
                "max(n0: any w0 has n0 points and n0 < %) >= 1",
                "min(n0: any w0 scored n0 and n0 >= %) <= 2",
            ]);
            return Piece::Test(
                form.replace("w0", &format!("w{at}"))
                    .replace("n0", &format!("n{at}"))
                    .replace("a0", &format!("a{at}")),
                vec![value],
            );
        }
        let other = body.fresh(Sort::Number);
        body.bound.push(other);
        body.pieces.push(Piece::Sentence("% has % points".to_owned(), vec![Arg::Any, Arg::Var(other)]));
        let forms = ["% = %", "% = % + 1", "% - 1 = %", "% = 2 * % - 1", "abs(%) = abs(%)"];
        Piece::Test((*self.random.pick(&forms)).to_owned(), vec![other, value])
    }

    /// A word for a number, which may be one that nobody stated.
    fn number_word(&mut self, body: &mut Body) -> usize {
        if self.random.chance(60) {
            return self.word(body, Sort::Number, "% has % points");
        }
        let thing = self.word(body, Sort::T, "% knows %");
        let value = body.fresh(Sort::Number);
        body.bound.push(value);
        body.pieces.push(Piece::Sentence("% scored %".to_owned(), vec![Arg::Var(thing), Arg::Var(value)]));
        value
    }

    /// A choice, negated or not, in which something is compared.
    fn choice(&mut self, body: &mut Body) -> Piece {
        self.features.insert("choice with a comparison");
        let value = self.number_word(body);
        let thing = self.word(body, Sort::T, "% knows %");
        self.anys += 1;
        let at = self.anys.to_string();
        let forms = [
            ("(% shines or % > 1)", vec![thing, value]),
            ("(% has any n0 points or % <= limit or % likes any w0)", vec![thing, value, thing]),
            ("not (% shines or % = 2)", vec![thing, value]),
            ("not (% > 1 and (% shines or any w0 knows %))", vec![value, thing, thing]),
            ("((% shines and % < 2) or (% has n0 points and n0 = % + 1))", vec![thing, value, thing, value]),
            ("not (% shines and not (any w0 has any n0 points and n0 > %))", vec![thing, value]),
            ("not (not % >= 1)", vec![value]),
        ];
        let (form, vars) = self.random.pick(&forms).clone();
        Piece::Test(form.replace("w0", &format!("w{at}")).replace("n0", &format!("n{at}")), vars)
    }

    fn date(&mut self, body: &mut Body) -> Piece {
        self.features.insert("date");
        let day = self.word(body, Sort::Date, "% joined on %");
        let op = *self.random.pick(&["<", "<=", ">", ">="]);
        let left = *self.random.pick(&["%", "% + 30 days", "% - 2 months", "% + 1 years", "% - since"]);
        let right = match left {
            "% - since" => "-10",
            _ => *self.random.pick(&["since", "2026-01-31", "since + 18 days"]),
        };
        Piece::Test(format!("{left} {op} {right}"), vec![day])
    }

    fn ask(&mut self, body: &mut Body) -> Piece {
        let slots: &[Sort] = if self.pair { &[Sort::T, Sort::U] } else { &[Sort::T] };
        let args = self.args(body, slots, true);
        let for_u = if self.pair { " for %" } else { "" };
        let two = self.askable.len() > 1;
        if two && self.among && self.random.chance(30) {
            self.features.insert("disagree");
            let (left, right) = (self.askable[0].0.clone(), self.askable[1].0.clone());
            let on = if self.pair { "%, %" } else { "%" };
            return Piece::Sentence(format!("lenses {left} and {right} disagree on {on}"), args);
        }
        let at = self.random.below(self.askable.len());
        let (lens, verdicts) = self.askable[at].clone();
        let verdict = *self.random.pick(&verdicts);
        let all: Vec<String> = self
            .askable
            .iter()
            .filter(|(_, verdicts)| verdicts.contains(&verdict))
            .map(|(name, _)| name.clone())
            .collect();
        let selection = if all.len() > 1 && self.random.chance(60) {
            self.features.insert("several lenses");
            let how = match self.random.below(4) {
                0 => "any of".to_owned(),
                1 => "all of".to_owned(),
                _ => {
                    self.features.insert("at least k");
                    format!("at least {} of", 1 + self.random.below(all.len()))
                }
            };
            format!("{how} {}", all.join(", "))
        } else {
            self.features.insert("single lens");
            lens
        };
        Piece::Sentence(format!("% is {verdict}{for_u} according to {selection}"), args)
    }

    /// The body as text. What is named once is written `any`.
    pub(super) fn print(&mut self, body: &Body, subject: &[&str]) -> String {
        let mut mentions: BTreeMap<usize, usize> = (0..subject.len()).map(|var| (var, 2)).collect();
        body.pieces.iter().for_each(|piece| count(piece, &mut mentions));
        body.named.iter().for_each(|var| *mentions.entry(*var).or_default() += 1);
        let name = |var: usize| subject.get(var).map_or_else(|| format!("v{var}"), |name| (*name).to_owned());
        let mut parts = Vec::new();
        for piece in &body.pieces {
            parts.push(self.show(piece, &mentions, &name));
        }
        let mut text = parts.join(" and ");
        if !subject.is_empty() && self.random.chance(30) {
            self.features.insert("unless");
            let inner = match subject.len() {
                1 => *self.random.pick(&["t shines", "t likes any w", "t knows any w and w shines"]),
                _ => *self.random.pick(&["t owns u", "t owns any w", "t knows any w and w likes u"]),
            };
            let number = |var: &usize| body.sorts[*var] == Sort::Number && mentions[var] > 1;
            let number = body.bound.iter().copied().find(number);
            let inner = match (self.random.below(5), number) {
                (4, Some(var)) => {
                    self.features.insert("unless with a value");
                    let forms = [
                        "t has any n9 points and n9 > %",
                        "% > 1 and t shines",
                        "t scored any n9 and n9 < % + 1",
                    ];
                    format!("({})", self.random.pick(&forms).replace('%', &name(var)))
                }
                (0, _) => {
                    self.features.insert("unless with brackets");
                    format!("({inner} and t knows any w9)")
                }
                (1, _) => {
                    self.features.insert("unless with or");
                    let inner = if inner.contains(" and ") { format!("({inner})") } else { inner.to_owned() };
                    format!("{inner} or t joined on 2026-01-31 or t opted in no")
                }
                _ => inner.to_owned(),
            };
            let _ = write!(text, " unless {inner}");
        }
        text
    }

    fn show(
        &mut self,
        piece: &Piece,
        mentions: &BTreeMap<usize, usize>,
        name: &dyn Fn(usize) -> String,
    ) -> String {
        match piece {
            Piece::Sentence(sentence, args) => {
                let mut text = sentence.clone();
                for arg in args {
                    let shown = match arg {
                        Arg::Var(var) if mentions[var] > 1 => name(*var),
                        Arg::Var(_) | Arg::Any => {
                            self.anys += 1;
                            self.features.insert("any");
                            format!("any w{}", self.anys)
                        }
                        Arg::Text(text) => text.clone(),
                    };
                    text = text.replacen('%', &shown, 1);
                }
                text
            }
            Piece::Test(test, vars) => {
                let mut text = test.clone();
                for var in vars {
                    text = text.replacen('%', &name(*var), 1);
                }
                text
            }
            Piece::Not(inner) => {
                let parts: Vec<String> = inner.iter().map(|piece| self.show(piece, mentions, name)).collect();
                format!("not ({})", parts.join(" and "))
            }
            Piece::Or(branches) => {
                let mut parts = Vec::new();
                for branch in branches {
                    let inner: Vec<String> =
                        branch.iter().map(|piece| self.show(piece, mentions, name)).collect();
                    let and = inner.join(" and ");
                    parts.push(if inner.len() > 1 { format!("({and})") } else { and });
                }
                format!("({})", parts.join(" or "))
            }
        }
    }
}

fn mentions(piece: &Piece, var: usize) -> bool {
    let mut all = BTreeMap::new();
    count(piece, &mut all);
    all.contains_key(&var)
}

fn count(piece: &Piece, mentions: &mut BTreeMap<usize, usize>) {
    match piece {
        Piece::Sentence(_, args) => {
            for arg in args {
                if let Arg::Var(var) = arg {
                    *mentions.entry(*var).or_default() += 1;
                }
            }
        }
        Piece::Test(_, vars) => vars.iter().for_each(|var| *mentions.entry(*var).or_default() += 1),
        Piece::Not(inner) => inner.iter().for_each(|piece| count(piece, mentions)),
        Piece::Or(branches) => branches.iter().flatten().for_each(|piece| count(piece, mentions)),
    }
}
