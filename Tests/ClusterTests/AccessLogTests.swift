import Foundation
import Laboratory
import Postgres
import Testing
import TestSupport

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Four days of a real site's traffic come through HTTP as page views, from a public key: robots are rejected by a list that
/// the operator names, and sessions and stages by page equal what a program in Python counts in the file.
@Suite(
    .enabled(if: AccessLog.isThere, "LOODS_TEST_DATA has no apache-access-log and lists"),
    .enabled("there is no python3") { try await AccessLog.hasPython() })
struct AccessLogTests {
    private static let workspace = [
        "workspace.yaml": """
        workspace: log
        time_zone: UTC
        sender: {name: Log, address: hello@log.example}
        address: Log, Main Street 1
        """,
        "pages.yaml": """
        pages:
          - {url: /projects/**, stage: do}
          - {url: /files/**, stage: do}
          - {url: /presentations/**, stage: think}
          - {url: /articles/**, stage: think}
          - {url: /blog/**, stage: see}
          - {url: /, stage: see}
        """,
        "stages.yaml": """
        stages:
          - stage: see
          - {stage: think, when: 'score("think") > 0.0'}
          - {stage: do, when: 'score("do") > 0.0'}
        """,
        "scores.yaml": """
        scores:
          - {score: see, points: [{event: Page Viewed, points: 1, when: 'event.page.stage == "see"'}]}
          - {score: think, points: [{event: Page Viewed, points: 1, when: 'event.page.stage == "think"'}]}
          - {score: do, points: [{event: Page Viewed, points: 1, when: 'event.page.stage == "do"'}]}
        """,
    ]

    @Test(.timeLimit(.minutes(10))) func visitsAreCountedAsTheyWere() async throws {
        let truth = try await AccessLog.count()
        #expect(truth["human sessions"] == 2097 && truth["robot lines"] == 1955)
        let settings = ["ingest": ["LOODS_BOTS": "reject", "LOODS_BOT_LIST": AccessLog.robots]]
        try await Cluster.with(
            services: ["ingest", "scoring", "scoring-2"], settings: settings, workspace: Self.workspace
        ) { cluster in
            let key = try await cluster.loods("keys", "create", "--kind", "public", "--name", "site")
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let rejected = try await Self.replay(to: cluster, key)
            #expect(rejected == truth["robot lines"])
            try await eventually("every visit is a fact", every: .milliseconds(100)) {
                try await cluster.count("select count(*) from event_log") == truth["human lines"]
            }
            for (what, query) in Self.questions {
                #expect(try await cluster.count(query) == truth[what], "\(what)")
            }
            #expect(try await cluster.count("select count(*) from set_aside") == 0)
        }
    }

    private static let questions: [(String, Query)] = [
        ("visitors", "select count(*) from contacts"),
        (
            "human sessions",
            """
            select count(*) from (
                select at - lag(at) over (partition by subject_id order by at) as gap from event_log
            ) visits where gap is null or gap > interval '30 minutes'
            """
        ), ("views in see", "select (sum(amount) / 1000)::bigint from scores where model = 'see'"),
        ("views in think", "select (sum(amount) / 1000)::bigint from scores where model = 'think'"),
        ("views in do", "select (sum(amount) / 1000)::bigint from scores where model = 'do'"),
        ("visitors in see", "select count(*) from contacts where coalesce(stage, 'see') = 'see'"),
        ("visitors in think", "select count(*) from contacts where stage = 'think'"),
        ("visitors in do", "select count(*) from contacts where stage = 'do'"),
        ("phones", "select count(*) from event_log where context #>> '{os,name}' = 'iOS'"),
    ]

    /// The bodies that the program made, each a batch; answers how many items were rejected as robots'.
    private static func replay(to cluster: Cluster, _ key: String) async throws -> Int {
        let bodies = try await AccessLog.batches(key)
        var rejected = 0
        for body in bodies {
            var request = URLRequest(url: try #require(URL(string: cluster.ingest + "/v1/batch")))
            request.httpMethod = "POST"
            request.httpBody = Data(body.utf8)
            let (data, response) = try await URLSession.shared.data(for: request)
            #expect((response as? HTTPURLResponse)?.statusCode == 200)
            let answer = try JSONSerialization.jsonObject(with: data) as? [String: Any]
            let items = answer?["rejected"] as? [[String: Any]] ?? []
            #expect(items.allSatisfy { $0["code"] as? String == "bot" })
            rejected += items.count
        }
        return rejected
    }
}

/// The log of semicomplete.com, and the independent program.
enum AccessLog {
    private static var data: String { ProcessInfo.processInfo.environment["LOODS_TEST_DATA"] ?? "" }
    private static var log: String { data + "/apache-access-log/apache_logs.gz" }
    static var robots: String { data + "/lists/crawler-user-agents.json" }

    static var isThere: Bool { [log, robots].allSatisfy(FileManager.default.fileExists) }

    static func hasPython() async throws -> Bool {
        try await SystemProgram.run("python3", "--version", seconds: 240).status == 0
    }

    static func count() async throws -> [String: Int] {
        let result = try await SystemProgram.run("python3", "-c", program, "count", log, robots, seconds: 240)
        return try JSONDecoder().decode([String: Int].self, from: Data(result.output))
    }

    static func batches(_ key: String) async throws -> [String] {
        let result = try await SystemProgram.run("python3", "-c", program, "batches", log, key, seconds: 240)
        return result.text.split(separator: "\n").map(String.init)
    }

    private static let program = #"""
        import collections, datetime, gzip, json, re, sys

        what, log, other = sys.argv[1:]
        form = re.compile(r'^(\S+) \S+ \S+ \[([^\]]+)\] "(.*?)" (\d+) (\S+) "(.*?)" "(.*)"$')
        lines = []
        with gzip.open(log, "rt", encoding="utf-8", errors="replace") as file:
            for line in file:
                address, time, request, _, _, referrer, agent = form.match(line.rstrip("\n")).groups()
                lines.append((address, datetime.datetime.strptime(time, "%d/%b/%Y:%H:%M:%S %z"),
                              request.split(" ")[1], referrer, agent))


        def batches(key):
            for start in range(0, len(lines), 250):
                items = []
                for number, (address, time, path, referrer, agent) in enumerate(lines[start:start + 250], start):
                    items.append({
                        "type": "page", "messageId": f"line-{number}", "anonymousId": f"{address} {agent}"[:255],
                        "timestamp": time.isoformat(), "context": {"ip": address, "userAgent": agent},
                        "properties": {"url": "http://semicomplete.example" + path, "referrer": referrer}})
                print(json.dumps({"writeKey": key, "batch": items}))


        def count(robots_file):
            patterns = [re.compile(entry["pattern"]) for entry in json.load(open(robots_file))]
            robots = {agent: any(p.search(agent) for p in patterns) for agent in {line[4] for line in lines}}
            totals, visits, furthest = collections.Counter(), collections.defaultdict(list), {}
            order = ["see", "think", "do"]
            for address, time, path, _, agent in lines:
                if robots[agent]:
                    totals["robot lines"] += 1
                    continue
                totals["human lines"] += 1
                visitor = f"{address} {agent}"[:255]
                visits[address, agent].append(time.timestamp())
                path = path.split("?")[0].split("#")[0]
                first = path.strip("/").split("/")[0]
                stage = {"projects": "do", "files": "do", "presentations": "think", "articles": "think", "blog": "see",
                         "": "see"}.get(first)
                if path.startswith("//"):
                    stage = "see" if path.strip("/") == "" else None
                furthest.setdefault(visitor, 0)
                if stage:
                    totals["views in " + stage] += 1
                    furthest[visitor] = max(furthest[visitor], order.index(stage))
                totals["phones"] += any(word in agent for word in ("iPhone", "iPad", "iPod"))
            for times in visits.values():
                times.sort()
                totals["human sessions"] += 1 + sum(b - a > 1800 for a, b in zip(times, times[1:]))
            totals["visitors"] = len(furthest)
            for place in furthest.values():
                totals["visitors in " + order[place]] += 1
            print(json.dumps(totals))


        (count if what == "count" else batches)(other)
        """#
}
