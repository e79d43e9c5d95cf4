import Expressions
import Foundation
import Laboratory
import Model
import Postgres
import Simulation
import Testing
import TestSupport
import Workspaces

/// People who are played twice, by the simulator and by a whole cluster on its stepped clock, each in a workspace of several.
struct SteppedPlay {
    struct Person: Sendable {
        var workspace: String
        /// When it becomes known what the play begins with.
        var start: Timestamp
        var tested: TestedContact
    }

    /// What came of it: `shop anne thanks 2026-03-02T09:00:00Z`, and the same of runs that ended and of what others than
    /// the contact were told. All are sorted.
    struct Outcome: Sendable, Hashable {
        var mails: [String] = []
        var ends: [String] = []
        var calls: [String] = []
    }

    /// The files of each workspace.
    var workspaces: [String: [String: String]]
    var people: [Person]
    /// The last instant that is played.
    var end: Timestamp

    var start: Timestamp { people.map(\.start).min() ?? end }

    /// The files of the first workspace, to begin a cluster with.
    var first: [String: String] { workspaces.keys.min().flatMap { workspaces[$0] } ?? [:] }
}

// MARK: By the simulator

extension SteppedPlay {
    func simulated() throws -> Outcome {
        var outcome = Outcome()
        for (name, files) in workspaces {
            let loaded = Workspace.load(files: files)
            let simulator = Simulator(try #require(loaded.workspace, "\(name): \(loaded.findings)"))
            for person in people where person.workspace == name {
                var play = ContactPlay(person.tested.contact, in: simulator, at: person.start)
                play.run(person.tested.events, until: end)
                for line in play.story { add(line, of: person, to: &outcome) }
            }
        }
        return Outcome(mails: outcome.mails.sorted(), ends: outcome.ends.sorted(), calls: outcome.calls.sorted())
    }

    /// Of a team that is told by mail.
    private func teamAddress(of whom: String, in workspace: String) -> String? {
        guard whom.hasPrefix("notify:"), let files = workspaces[workspace],
            case .email(let address) = Workspace.load(files: files).workspace?.team(
                named: String(whom.dropFirst("notify:".count)))?.way
        else { return nil }
        return address
    }

    private func add(_ line: Happening, of person: Person, to outcome: inout Outcome) {
        let (who, at) = ("\(person.workspace) \(person.tested.contact.name)", Self.second(line.at))
        switch line.what {
        case .sent(_, _, let template): outcome.mails.append("\(who) \(template)\(Self.told(line.language)) \(at)")
        case .told(_, _, let whom):
            if let address = teamAddress(of: whom, in: person.workspace) {
                outcome.mails.append("\(person.workspace) \(address) \(whom) \(at)")
            }
            outcome.calls.append("\(who) \(whom) \(at)")
        case .ended(let end, _):
            let told = [.goal: "converted", .exit: "exited", .completed: "finished"][end] ?? "otherwise"
            outcome.ends.append("\(who) \(line.journey ?? "") \(told) \(at)")
        case .failed(let reason): outcome.ends.append("\(who) cannot go on: \(reason)")
        default: break
        }
    }

    /// ` in nl`, of a mail that there is in several languages.
    private static func told(_ language: LanguageTag?) -> String { language.map { " in \($0)" } ?? "" }

    /// Mails and reports tell whole seconds.
    private static func second(_ time: Timestamp) -> Timestamp { Timestamp(seconds: time.microseconds / 1_000_000) }
}

// MARK: By a cluster

extension SteppedPlay {
    /// Everything happens at its instant of domain time: the clock is brought there before it is told.
    func live(on cluster: Cluster) async throws -> Outcome {
        try await Terminal.with { line in
            for (name, files) in workspaces.sorted(by: { $0.key < $1.key }).dropFirst() {
                for (path, text) in files { try line.write(text, to: "\(name)/\(path)") }
                _ = try await cluster.loods("apply", "--yes", line.path(name))
            }
            var now = start
            for (at, calls) in happenings {
                if at > now { _ = try await cluster.loods("clock", "until", at.description) }
                now = at
                for (workspace, texts) in calls {
                    try line.write(texts.joined(separator: "\n"), to: "events.jsonl")
                    _ = try await cluster.loods(
                        "import", line.path("events.jsonl"), "--trigger", "--wait", "--workspace", workspace)
                }
            }
            _ = try await cluster.loods("clock", "until", end.description)
        }
        return Outcome(
            mails: try await mails(of: cluster), ends: try await ends(of: cluster), calls: try await calls(of: cluster))
    }

    /// What happens at each instant in each workspace, in order.
    private var happenings: [(at: Timestamp, calls: [(workspace: String, texts: [String])])] {
        let calls = people.flatMap { person in person.calls.map { (person.workspace, $0.at, $0.text) } }
        return Dictionary(grouping: calls) { $0.1 }.sorted { $0.key < $1.key }.map { at, calls in
            let parts = Dictionary(grouping: calls) { $0.0 }.sorted { $0.key < $1.key }
            return (at, parts.map { ($0.key, $0.value.map { $0.2 }) })
        }
    }

    /// By the files of the mail server and the date that they bear; the store says only which template a message is of.
    private func mails(of cluster: Cluster) async throws -> [String] {
        let templates = Dictionary(
            try await cluster.texts(
                """
                select message_id::text || ' ' || template || ' ' || w.name
                from messages join workspaces w using (workspace_id)
                """
            ).map { text in
                let parts = text.split(separator: " ").map(String.init)
                return (parts[0], (template: parts[1], workspace: parts[2]))
            }
        ) { first, _ in first }
        let people = Dictionary(
            self.people.map { ($0.address, "\($0.workspace) \($0.tested.contact.name)") }
        ) { first, _ in first }
        return try cluster.mail.mails().map { mail in
            let id = String(mail.field("Message-ID").dropFirst().prefix { $0 != "@" })
            let language = Self.told(LanguageTag(mail.field("Content-Language")))
            let (template, workspace) = templates[id] ?? ("unknown", "unknown")
            return "\(people[mail.to] ?? "\(workspace) \(mail.to)") \(template)\(language) \(mail.domainTime)"
        }.sorted()
    }

    /// By the store, whose messages have the instants of their plans.
    private func calls(of cluster: Cluster) async throws -> [String] {
        try await cluster.texts(
            """
            select w.name || ' ' || i.value || ' ' || m.template || ' '
                || to_char(m.planned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            from messages m join workspaces w using (workspace_id)
                join identities i on i.workspace_id = m.workspace_id and i.subject_id = m.contact_id
            where i.kind = 'user' and m.template like '%:%' and m.state = 'accepted'
            """
        ).sorted()
    }

    private func ends(of cluster: Cluster) async throws -> [String] {
        try await cluster.texts(
            """
            select w.name || ' ' || i.value || ' ' || r.journey || ' ' || r.outcome || ' '
                || to_char(r.ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            from runs r join workspaces w using (workspace_id)
                join identities i on i.workspace_id = r.workspace_id and i.subject_id = r.contact_id
            where i.kind = 'user' and r.ended_at is not null
            """
        ).sorted()
    }
}

extension SteppedPlay.Person {
    /// In lower case, as mail is addressed.
    fileprivate var address: String { tested.contact.attributes["email"]?.string?.lowercased() ?? "" }

    /// What a server would tell: what the play begins with, and then each event.
    fileprivate var calls: [(at: Timestamp, text: String)] {
        let contact = tested.contact
        var calls: [(Timestamp, String)] = []
        if !contact.attributes.isEmpty {
            calls.append(
                call(at: start, "0-a", ["type": .string("identify"), "traits": .object(contact.attributes)]))
        }
        for topic in contact.consents {
            let given = PlayedEvent(consent: topic, named: EventNames.consentGiven, at: start, eventID: "0-b-\(topic)")
            calls.append(call(given))
        }
        return calls + tested.events.map { call($0) }
    }

    private func call(_ played: PlayedEvent) -> (at: Timestamp, text: String) {
        let event = played.event
        if event.name == EventNames.identified {
            return call(at: event.at, event.eventID, ["type": .string("identify"), "traits": .object(played.traits)])
        }
        var members: [String: JSON] = [
            "type": .string("track"), "event": .string(event.name), "properties": event.properties,
        ]
        if event.context != .object([:]) { members["context"] = event.context }
        return call(at: event.at, event.eventID, members)
    }

    private func call(at time: Timestamp, _ id: String, _ members: [String: JSON]) -> (at: Timestamp, text: String) {
        let head: [String: JSON] = [
            "userId": .string(tested.contact.name), "messageId": .string(id), "timestamp": .string(time.description),
        ]
        return (time, String(decoding: JSON.object(members.merging(head) { $1 }).serialized, as: UTF8.self))
    }
}

extension TestMailServer.Mail {
    /// The instant of the mail's own date.
    var domainTime: Timestamp {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss Z"
        let date = format.date(from: String(field("Date"))) ?? .distantPast
        return Timestamp(seconds: Int64(date.timeIntervalSince1970))
    }
}
