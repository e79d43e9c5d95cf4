import Model
import SendGate
import Store
import Workspaces

extension ContactPortrait {
    /// Who the contact is and where it stands.
    var lines: [String] {
        var lines = [
            Console.bold(Console.safe(title)), "  contact     \(story.contact.contact)   workspace \(workspaceName)",
        ]
        let names = story.identities.map { "\($0.kind.rawValue) \($0.value)" }
        if !names.isEmpty { lines.append("  known as    \(Console.safe(names.joined(separator: ", ")))") }
        lines.append("  stage       \(story.state.stage ?? "none")")
        if story.state.objects { lines.append("  objects     to profiling: in no segment, and without scores") }
        if isHeldOut { lines.append("  hold-out    gets no marketing\(heldOutTopics)") }
        for membership in story.memberships { lines.append("  segment     \(words(membership))") }
        if let persona {
            let since = story.persona.map { ", since \(LocalTime($0.since, in: zone).full)" } ?? ""
            lines.append("  persona     \(persona)\(since)")
        }
        for score in scores {
            let band = score.band.map { ", \($0)" } ?? ""
            lines.append("  score       \(score.name) \(score.value.short)\(band)")
        }
        for (name, value) in story.state.attributes.sorted(by: { $0.key < $1.key }) {
            lines.append("  attribute   \(Console.safe("\(name): \(value.brief)"))")
        }
        if let company { lines.append("  company     \(Console.safe(Self.words(company)))") }
        for consent in consents {
            let verb = consent.state == .pending ? "not confirmed yet" : consent.state.rawValue
            let time = LocalTime(consent.at, in: zone).full
            // Without an address it is for the contact's own, whichever that is.
            let place = consent.address.isEmpty ? "" : " at \(consent.address)"
            lines.append("  consent     \(Console.safe("\(consent.topic) \(verb)\(place), \(time)"))")
        }
        if let suppression = story.suppression {
            let detail = suppression.detail.map { ": \($0)" } ?? ""
            let since = LocalTime(suppression.at, in: zone).full
            lines.append("  suppressed  " + Console.safe("\(suppression.reason), since \(since)\(detail)"))
        }
        return lines
    }

    /// Whether the live definitions hold the contact out.
    private var isHeldOut: Bool { definitions?.isHeldOut(story.contact.contact) ?? false }

    private var heldOutTopics: String {
        let topics = definitions?.policy.holdOut?.topics ?? []
        return topics.isEmpty ? "" : " of \(topics.sorted().joined(separator: ", "))"
    }

    /// `acme: plan gold, seats 7`.
    private static func words(_ company: [String: JSON]) -> String {
        let facts = company.filter { $0.key != "id" }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.brief)" }
        return (company["id"]?.brief ?? "") + (facts.isEmpty ? "" : ": \(facts.joined(separator: ", "))")
    }

    private func words(_ membership: SegmentMembers.Membership) -> String {
        let times = membership.ordinal > 1 ? ", for the \(membership.ordinal.place) time" : ""
        return "\(membership.segment), since \(LocalTime(membership.enteredAt, in: zone).full)\(times)"
    }

    var json: JSON {
        let bands: [(String, JSON)] = scores.compactMap { score in score.band.map { (score.name, .string($0)) } }
        let company: JSON = company.map { .object($0) } ?? .null
        return .object([
            "contact": .string(story.contact.contact.description), "workspace": .string(workspaceName),
            "email": story.state.address.map { .string($0) } ?? .null,
            "identities": .array(
                story.identities.map { .object(["kind": .string($0.kind.rawValue), "value": .string($0.value)]) }),
            "attributes": .object(story.state.attributes),
            "company": company, "stage": story.state.stage.map { .string($0) } ?? .null,
            "segments": .array(story.memberships.map(\.json)), "persona": persona.map { .string($0) } ?? .null,
            "scores": .object(Dictionary(uniqueKeysWithValues: scores.map { ($0.name, JSON.double($0.value)) })),
            "bands": .object(Dictionary(uniqueKeysWithValues: bands)),
            "consents": .array(consents.map(\.json)), "objects": .bool(story.state.objects),
            "hold_out": .bool(isHeldOut), "suppressed": story.suppression.map { .string($0.reason) } ?? .null,
            "created_at": .string(story.createdAt.description),
        ])
    }
}

extension SegmentMembers.Membership {
    fileprivate var json: JSON {
        .object([
            "segment": .string(segment), "since": .string(enteredAt.description), "ordinal": .int(Int64(ordinal)),
            "cause": .string(cause.rawValue),
        ])
    }
}

extension Consents.Entry {
    var json: JSON {
        .object([
            "topic": .string(topic), "channel": .string(channel), "address": .string(address),
            "state": .string(state.rawValue), "at": .string(at.description),
            "wording": wording.map { .string($0) } ?? .null, "source": .string(source), "proof": proof.json,
        ])
    }
}

extension Double {
    /// `12`, `12.5`.
    var short: String { Int64(exactly: self).map { String($0) } ?? "\(self)" }
}

extension JSON {
    /// The value as it stands in a sentence.
    var brief: String {
        let text = string ?? String(decoding: serialized, as: UTF8.self)
        return text.count > 80 ? text.prefix(79) + "…" : text
    }
}
