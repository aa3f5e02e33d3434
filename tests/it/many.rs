//! What only many facts bring out: searches shared out over threads, ids tried in rounds, long lists gone
//! through side by side. Loops over the facts say what must come out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::support::{evaluated, grid, numbers};

const HUBS: u32 = 300;
const ITEMS: u32 = 4000;
const TAGS: u32 = 40;

/// The tag that only the last item bears, which only the first hub holds.
const RARE: u32 = TAGS - 1;

const RULES: &str = "kind Hub
kind Item
kind Tag
relation Hub holds Item
relation Hub likes other: Hub
relation Hub shuns Tag
relation Item bears Tag
relation Tag is rare
question Hub is yes | no of other: Hub
  among (hub holds item and other holds item and hub likes other)
     or (hub shuns tag and other shuns tag)
     or other likes hub
lens rare {
  a: yes when hub holds x and x bears t and t is rare
  otherwise no
}
lens none-rare {
  a: yes when not (hub holds any x and x bears any t and t is rare)
  otherwise no
}
lens shared {
  a: yes when hub holds x and other holds x and x bears t and hub shuns t and not other shuns t
  otherwise no
}
lens another {
  first match wins
  a: yes when hub likes x and x shuns t and other shuns t and x is not other
  b: yes when hub shuns tag and other shuns tag
  otherwise no
}
lens many {
  first match wins
  a: yes when count(x: hub holds x) >= 20 and count(x: other holds x) < 20
  b: yes when hub is yes of other according to shared
  otherwise no
}
lens branch {
  first match wins
  a: yes when other likes hub
  b: yes when hub holds item and other holds item and hub likes other
  otherwise no
}
";

#[derive(Default)]
struct World {
    holds: BTreeSet<(u32, u32)>,
    likes: BTreeSet<(u32, u32)>,
    shuns: BTreeSet<(u32, u32)>,
    bears: BTreeSet<(u32, u32)>,
}

fn world() -> World {
    let mut next = numbers();
    let mut world = World::default();
    for item in 0..ITEMS {
        world.holds.insert((0, item));
        for _ in 0..2 {
            world.bears.insert((item, next(RARE)));
        }
    }
    world.bears.insert((ITEMS - 1, RARE));
    for hub in 1..HUBS {
        // Some hold thousands, most a few; none but the first holds the last item.
        let most = if hub % 50 == 0 { 3000 } else { 2 + next(40) };
        for _ in 0..most {
            world.holds.insert((hub, next(ITEMS - 1)));
        }
    }
    for hub in 0..HUBS {
        for _ in 0..5 {
            world.likes.insert((hub, next(HUBS)));
            world.shuns.insert((hub, next(TAGS)));
        }
    }
    world
}

fn text(world: &World) -> String {
    let mut facts = String::new();
    let mut say = |pairs: &BTreeSet<(u32, u32)>, of: char, verb: &str, other: char| {
        for (left, right) in pairs {
            writeln!(facts, "  {of}{left} {verb} {other}{right}").expect("a text takes all");
        }
    };
    say(&world.holds, 'h', "holds", 'i');
    say(&world.likes, 'h', "likes", 'h');
    say(&world.shuns, 'h', "shuns", 't');
    say(&world.bears, 'i', "bears", 't');
    format!("language 1\n{RULES}facts {{\n{facts}  t{RARE} is rare\n}}\n")
}

fn grouped(pairs: &BTreeSet<(u32, u32)>) -> BTreeMap<u32, BTreeSet<u32>> {
    let mut groups: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (left, right) in pairs {
        groups.entry(*left).or_default().insert(*right);
    }
    groups
}

/// The lines of the grid, by loops.
fn expected(world: &World) -> Vec<String> {
    let [holds, likes, shuns, bears] = [&world.holds, &world.likes, &world.shuns, &world.bears].map(grouped);
    let none = BTreeSet::new();
    let of = |groups: &'_ BTreeMap<u32, BTreeSet<u32>>, of: u32| groups.get(&of).cloned().unwrap_or_default();
    let meet = |left: &BTreeSet<u32>, right: &BTreeSet<u32>| !left.is_disjoint(right);
    let yes = |is: bool| if is { "yes" } else { "no" };
    let mut lines = Vec::new();
    for hub in 0..HUBS {
        let (held, shunned) = (holds.get(&hub).unwrap_or(&none), shuns.get(&hub).unwrap_or(&none));
        let rare = held.iter().any(|item| of(&bears, *item).contains(&RARE));
        for other in 0..HUBS {
            let (theirs, they_shun) =
                (holds.get(&other).unwrap_or(&none), shuns.get(&other).unwrap_or(&none));
            let first = of(&likes, hub).contains(&other) && meet(held, theirs);
            let second = meet(shunned, they_shun);
            let third = of(&likes, other).contains(&hub);
            if !(first || second || third) {
                continue;
            }
            let shared = held.intersection(theirs).any(|item| {
                of(&bears, *item).iter().any(|tag| shunned.contains(tag) && !they_shun.contains(tag))
            });
            let another =
                of(&likes, hub).iter().any(|liked| *liked != other && meet(&of(&shuns, *liked), they_shun));
            let many = held.len() >= 20 && theirs.len() < 20 || shared;
            lines.push(format!(
                "h{hub}, h{other}: rare={} none-rare={} shared={} another={} many={} branch={}",
                yes(rare),
                yes(!rare),
                yes(shared),
                yes(another || second),
                yes(many),
                yes(third || first),
            ));
        }
    }
    lines.sort();
    lines
}

#[test]
fn many_facts_give_what_loops_over_them_give() {
    let world = world();
    let expected = expected(&world);
    let found = evaluated(&text(&world), grid);
    assert!(expected.len() > 1 << 13, "a search of so few is not shared out: {}", expected.len());
    let differ = found.iter().zip(&expected).find(|(found, expected)| found != expected);
    assert_eq!(differ, None);
    assert_eq!(found.len(), expected.len());
    for lens in ["rare", "none-rare", "shared", "another", "many", "branch"] {
        for outcome in ["yes", "no"] {
            let said = format!(" {lens}={outcome}");
            assert!(expected.iter().any(|line| line.contains(&said)), "nobody has{said}");
        }
    }
}

/// Nodes of a ring with a few chords: from each of them all can be reached, in more tuples than are looked for
/// before walking the graph is taken to be less.
const RING: u32 = 210;

const WAYS: &str = "kind Node
kind Line
relation Node is there
relation Line leads from Node to other: Node
relation Node reaches other: Node
relation Node runs along Line to other: Node
relation Node is even ways from other: Node
relation Node is odd ways from other: Node
relation Node is at Number from other: Node, keeping the fewest
define a reaches b when any l leads from a to b
define a reaches c when a reaches b and any l leads from b to c
define a runs along l to b when l leads from a to b
define a runs along l to c when a runs along l to b and l leads from b to c
define a is odd ways from b when any l leads from a to b
define a is even ways from c when a is odd ways from b and any l leads from b to c
define a is odd ways from c when a is even ways from b and any l leads from b to c
define a is at 1 from b when any l leads from a to b
define a is at n from c when a is at m from b and any l leads from b to c and n = m + 1 and n <= 80
question Node is yes | no of other: Node
  among node is there and other is there
lens reach {
  a: yes when node reaches other
  otherwise no
}
lens ring {
  a: yes when node runs along \"ring\" to other
  otherwise no
}
lens chords {
  a: yes when node runs along \"chords\" to other
  otherwise no
}
lens parity {
  a: yes when node is even ways from other or node is odd ways from other
  otherwise no
}
lens near {
  a: yes when node is at n from other and n < 40
  otherwise no
}
lens far {
  a: yes when node is at n from other and n >= 40
  otherwise no
}
";

/// Where links lead from a node, with the fewest links on the way there.
fn lengths(links: &[(u32, u32)], from: u32) -> BTreeMap<u32, u32> {
    let mut lengths = BTreeMap::new();
    let mut next = vec![from];
    for length in 1.. {
        let ends: BTreeSet<u32> =
            links.iter().filter(|(from, _)| next.contains(from)).map(|(_, to)| *to).collect();
        next = ends.into_iter().filter(|to| !lengths.contains_key(to)).collect();
        if next.is_empty() {
            break;
        }
        lengths.extend(next.iter().map(|to| (*to, length)));
    }
    lengths
}

#[test]
fn long_ways_lead_where_walking_them_does() {
    let mut random = numbers();
    let ring: Vec<(u32, u32)> = (0..RING - 3).map(|node| (node, (node + 1) % (RING - 3))).collect();
    let chords: Vec<(u32, u32)> = (0..40).map(|_| (random(RING), random(RING))).collect();
    let both: Vec<(u32, u32)> = ring.iter().chain(&chords).copied().collect();
    let mut text = format!("language 1\n{WAYS}facts {{\n");
    for node in 0..RING {
        let _ = writeln!(text, "  n{node:03} is there");
    }
    for (line, links) in [("ring", &ring), ("chords", &chords)] {
        for (from, to) in links {
            let _ = writeln!(text, "  {line} leads from n{from:03} to n{to:03}");
        }
    }
    text.push_str("}\n");
    let mut expected = Vec::new();
    let yes = |is: bool| if is { "yes" } else { "no" };
    for node in 0..RING {
        let [all, along, across] = [&both, &ring, &chords].map(|links| lengths(links, node));
        for other in 0..RING {
            let length = all.get(&other).copied();
            expected.push(format!(
                "n{node:03}, n{other:03}: reach={} ring={} chords={} parity={} near={} far={}",
                yes(length.is_some()),
                yes(along.contains_key(&other)),
                yes(across.contains_key(&other)),
                yes(length.is_some()),
                yes(length.is_some_and(|length| length < 40)),
                yes(length.is_some_and(|length| (40..=80).contains(&length))),
            ));
        }
    }
    let found = evaluated(&text, grid);
    let differ = found.iter().zip(&expected).find(|(found, expected)| found != expected);
    assert_eq!(differ, None);
    assert_eq!(found.len(), expected.len());
    assert!(expected.iter().filter(|line| line.contains("ring=yes")).count() > 1 << 15);
    for said in ["near=yes far=no", "near=no far=yes", "chords=yes", "ring=no"] {
        assert!(expected.iter().any(|line| line.contains(said)), "nobody has {said}");
    }
}
