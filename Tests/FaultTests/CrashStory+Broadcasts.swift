import Laboratory
import Model
import Postgres
import TestSupport
import Testing

/// Broadcasts in between: to everybody who has bought so far, at times that the test gives.
extension CrashStory {
    /// What a workspace has besides the shop's: a journey whose own time is ages away.
    static let news: [String: String] = [
        "segments/buyers.yaml": "segment: buyers\nwhen: 'did(\"Order Completed\")'",
        "journeys/news.yaml": """
        journey: news
        enter: {schedule: {every: month, on: 1, at: "00:00"}, segment: buyers, late: {after: 1h, then: send}}
        steps: [{email: news}]
        """,
        "emails/news/email.yaml": "subject: News\nclass: transactional\n",
        "emails/news/body.txt.mustache": "News.\n",
    ]

    /// Has a broadcast begin, once another one is over.
    mutating func broadcast() async throws {
        let isOver = try await cluster.count("select count(*) from broadcasts where state = 'walking'") == 0
        guard isOver else { return }
        broadcasts += 1
        // A time of its own, which only its name tells from another.
        let time = "\(CalendarDate(daysSince1970: 10_000 + Int64(broadcasts)))T00:00"
        _ = try await cluster.stage.database.pool.withConnection { session in
            try session.execute(
                """
                insert into broadcasts (
                    workspace_id, journey, occurrence, version, segment, due_at, opened_at, state, members, next_at,
                    looked_at)
                select workspace_id, 'news', \(time), 1, 'buyers', clock_time(), clock_time(), 'walking', (
                        select count(*) from segment_members s
                        where s.workspace_id = w.workspace_id and s.segment = 'buyers' and s.entered_at <= clock_time()),
                    clock_time(), clock_time()
                from workspaces w
                """)
        }
    }

    /// Everybody who was in the segment has a run of each, and no one has two. Who bought before and is heard of meanwhile may
    /// be among them.
    mutating func finishBroadcasts() async throws {
        // One by each broadcast; that none has two runs is looked at below.
        expected.repeating.insert("news")
        for address in expected.mails.keys { expected.perhaps[address, default: []].insert("news") }
        try await eventually("broadcasts are walked to their end", within: .seconds(30)) {
            try await cluster.count("select count(*) from broadcasts where state = 'walking'") == 0
        }
        let standings = try await cluster.texts(
            """
            select concat(b.state, ' ', greatest(0, b.members - b.walked), ' ', b.walked - b.entered, ' ', b.entered - (
                select count(*) from runs r where r.journey = 'news' and r.entry_key = 'at ' || b.occurrence))
            from broadcasts b where b.state <> 'missed'
            """)
        #expect(!standings.isEmpty && Set(standings) == ["done 0 0 0"], "\(standings)")
    }
}
