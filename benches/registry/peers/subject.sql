-- What the lenses of the "registry" workload ask of each package, null being "not known".
-- Needs the tables packages .. ships. Names become numbers first: the recursions are over numbers.
CREATE TEMP TABLE name AS
SELECT package, row_number() OVER () :: INTEGER AS id
FROM (SELECT package FROM packages UNION SELECT package FROM depends UNION SELECT other FROM depends
      UNION SELECT package FROM replaced UNION SELECT other FROM replaced UNION SELECT package FROM maintains
      UNION SELECT package FROM advisories UNION SELECT package FROM grades UNION SELECT package FROM ships);

CREATE TEMP TABLE edge AS
SELECT a.id AS package, b.id AS other
FROM depends d JOIN name a ON a.package = d.package JOIN name b ON b.package = d.other;

CREATE TEMP TABLE keeps AS
SELECT k.maintainer, n.id AS package, m.verified, m.joined
FROM maintains k JOIN name n ON n.package = k.package LEFT JOIN maintainers m ON m.maintainer = k.maintainer;

CREATE TEMP TABLE advice AS
SELECT n.id AS package, a.severity FROM advisories a JOIN name n ON n.package = a.package;

CREATE TEMP TABLE gone AS
SELECT a.id AS package, b.id AS other
FROM replaced r JOIN name a ON a.package = r.package JOIN name b ON b.package = r.other;

-- The number of steps at which a product first reaches a package.
CREATE TEMP TABLE reach AS
WITH RECURSIVE r(product, package, steps) USING KEY (product, package) AS (
    SELECT s.product, n.id, 1 FROM ships s JOIN name n ON n.package = s.package
  UNION
    SELECT DISTINCT r.product, e.other, r.steps + 1
    FROM r JOIN edge e ON e.package = r.package
    WHERE NOT EXISTS (SELECT 1 FROM recurring.r k WHERE k.product = r.product AND k.package = e.other)
)
SELECT package, min(steps) AS steps,
       min(steps) FILTER (product = 'till') AS steps_till,
       min(steps) FILTER (product = 'portal') AS steps_portal,
       min(steps) FILTER (product = 'ledger') AS steps_ledger
FROM r GROUP BY package;

-- Exposed for certain, and possibly: an advisory that nobody rated may be the worst.
CREATE TEMP TABLE exposure AS
WITH RECURSIVE
certain(package) AS (
    SELECT package FROM advice WHERE severity >= 9.3
  UNION
    SELECT e.package FROM certain c JOIN edge e ON e.other = c.package
),
possible(package) AS (
    SELECT package FROM advice WHERE severity >= 9.3 OR severity IS NULL
  UNION
    SELECT e.package FROM possible c JOIN edge e ON e.other = c.package
)
SELECT p.package, CASE WHEN c.package IS NOT NULL THEN true END AS exposed
FROM possible p LEFT JOIN certain c ON c.package = p.package;

CREATE TEMP TABLE attribute AS
SELECT n.id, p.registry, p.fetched, p.released, p.score, p.licence,
       CASE WHEN x.package IS NULL THEN false ELSE x.exposed END AS exposed
FROM name n LEFT JOIN packages p ON p.package = n.package LEFT JOIN exposure x ON x.package = n.id;

CREATE TEMP TABLE neglect AS
WITH RECURSIVE
hand(package, sure) AS (
    SELECT package, bool_or((joined < DATE '2013-01-01' AND verified IS FALSE) IS TRUE)
    FROM keeps WHERE (joined < DATE '2013-01-01' AND NOT verified) IS NOT FALSE GROUP BY package
),
old AS (
    SELECT e.package, e.other, a.released IS NOT NULL AS sure
    FROM edge e JOIN attribute a ON a.id = e.package WHERE (a.released < DATE '2014-01-01') IS NOT FALSE
),
certain(package) AS (
    SELECT package FROM hand WHERE sure
  UNION
    SELECT o.package FROM certain c JOIN old o ON o.other = c.package WHERE o.sure
),
possible(package) AS (
    SELECT package FROM hand
  UNION
    SELECT o.package FROM possible c JOIN old o ON o.other = c.package
)
SELECT p.package, CASE WHEN c.package IS NOT NULL THEN true END AS neglected
FROM possible p LEFT JOIN certain c ON c.package = p.package;

CREATE TEMP TABLE heir AS
WITH RECURSIVE leads(package, other) AS (
    SELECT package, other FROM gone
  UNION
    SELECT l.package, g.other FROM leads l JOIN gone g ON g.package = l.other
)
SELECT l.package, bool_or(coalesce(a.registry = 'core', false)) AS leads_core,
       bool_or(coalesce(a.registry = 'attic', false)) AS leads_attic
FROM leads l JOIN attribute a ON a.id = l.other GROUP BY l.package;

-- One pass over what each package needs, one over who needs it. `perhaps_any` is a three-valued "there is one".
CREATE MACRO perhaps_any(x) AS CASE WHEN bool_or(x) THEN true WHEN bool_or(x IS NULL) THEN NULL ELSE false END;

CREATE TEMP TABLE downward AS
SELECT e.package, count(*) AS deps, count(DISTINCT a.registry) AS dep_registries,
       min(a.score) AS dep_score, count(*) - count(a.score) AS dep_score_gaps,
       perhaps_any(a.exposed) AS dep_exposed,
       perhaps_any(a.released < DATE '2016-01-01') AS dep_stale_2016,
       perhaps_any(a.released < DATE '2019-01-01') AS dep_stale_2019,
       perhaps_any(a.score < 30 AND NOT a.exposed) AS dep_frail
FROM edge e JOIN attribute a ON a.id = e.other GROUP BY e.package;

CREATE TEMP TABLE upward AS
SELECT e.other AS package, count(*) AS users, sum(a.fetched) AS user_fetched,
       count(*) - count(a.fetched) AS user_gaps
FROM edge e JOIN attribute a ON a.id = e.package GROUP BY e.other;

CREATE TEMP TABLE hands AS
WITH held AS (
    SELECT k.maintainer, count(*) FILTER (a.exposed) AS sure, count(*) FILTER (a.exposed IS NULL) AS perhaps
    FROM keeps k JOIN attribute a ON a.id = k.package GROUP BY k.maintainer
)
SELECT k.package, count(*) AS keepers, perhaps_any(NOT k.verified) AS unverified,
       -- Another package of the same hands: all of them without this one.
       perhaps_any(CASE WHEN h.sure - CASE WHEN a.exposed THEN 1 ELSE 0 END > 0 THEN true
                 WHEN h.perhaps - CASE WHEN a.exposed IS NULL THEN 1 ELSE 0 END > 0 THEN NULL
                 ELSE false END) AS sibling_exposed
FROM keeps k JOIN held h ON h.maintainer = k.maintainer JOIN attribute a ON a.id = k.package GROUP BY k.package;

CREATE TEMP TABLE rated AS
SELECT package, count(*) AS advised, count(*) FILTER (severity >= 6) AS severe,
       count(*) FILTER (severity IS NULL) AS unrated
FROM advice GROUP BY package;

CREATE TEMP TABLE grade AS
SELECT n.id AS package, avg(g.grade) AS grade_average, min(g.grade) AS grade_least
FROM grades g JOIN name n ON n.package = g.package GROUP BY n.id;

CREATE TEMP TABLE subject AS
SELECT a.id, a.registry, a.fetched, a.released, a.score, a.licence, a.exposed,
       CASE WHEN l.package IS NULL THEN false ELSE l.neglected END AS neglected,
       r.steps, r.steps_till, r.steps_portal, r.steps_ledger,
       coalesce(d.deps, 0) AS deps, coalesce(d.dep_registries, 0) AS dep_registries,
       d.dep_score, coalesce(d.dep_score_gaps, 0) AS dep_score_gaps,
       CASE WHEN d.package IS NULL THEN false ELSE d.dep_exposed END AS dep_exposed,
       CASE WHEN d.package IS NULL THEN false ELSE d.dep_stale_2016 END AS dep_stale_2016,
       CASE WHEN d.package IS NULL THEN false ELSE d.dep_stale_2019 END AS dep_stale_2019,
       CASE WHEN d.package IS NULL THEN false ELSE d.dep_frail END AS dep_frail,
       coalesce(u.users, 0) AS users, coalesce(u.user_fetched, 0) AS user_fetched, coalesce(u.user_gaps, 0) AS user_gaps,
       coalesce(h.keepers, 0) AS keepers,
       CASE WHEN h.package IS NULL THEN false ELSE h.unverified END AS unverified,
       CASE WHEN h.package IS NULL THEN false ELSE h.sibling_exposed END AS sibling_exposed,
       coalesce(s.advised, 0) AS advised, coalesce(s.severe, 0) AS severe, coalesce(s.unrated, 0) AS unrated,
       g.grade_average, g.grade_least,
       coalesce(i.leads_core, false) AS leads_core, coalesce(i.leads_attic, false) AS leads_attic,
       i.package IS NOT NULL AS superseded
FROM attribute a
LEFT JOIN neglect l ON l.package = a.id LEFT JOIN reach r ON r.package = a.id
LEFT JOIN downward d ON d.package = a.id LEFT JOIN upward u ON u.package = a.id
LEFT JOIN hands h ON h.package = a.id LEFT JOIN rated s ON s.package = a.id
LEFT JOIN grade g ON g.package = a.id LEFT JOIN heir i ON i.package = a.id
WHERE a.registry IS NOT NULL;
