import Expressions
import Model

extension Review {
    /// The files whose conditions are CEL.
    private var conditioned: [YAMLFile] {
        documents.filter { file in
            ["journeys/", "segments/", "emails/"].contains { file.name.hasPrefix($0) }
                || ["stages.yaml", "scores.yaml", "personas.yaml"].contains(file.name)
        }
    }

    /// Conditions that can never be true.
    mutating func lookAtConditions() {
        for file in conditioned {
            for node in file.root.conditions {
                guard let text = node.text, let fault = Impossibility(of: text) else { continue }
                report(
                    .neverTrue, "this can never be true: \(fault.message)", in: file.name,
                    at: file.place(line: fault.line, column: fault.column, in: node),
                    help: fault.isLiteral ? nil : "one of the comparisons is not meant so, or || is meant",
                    severity: fault.isLiteral ? .warning : .error)
            }
        }
    }

    /// Waits, entries and points of an event whose condition no event of that name fulfils.
    mutating func lookAtEventConditions() {
        for file in conditioned {
            file.root.walk { member, parent in
                guard member.key == "when", let text = member.value.text, let event = parent["event"]?.text,
                    Impossibility(of: text) == nil
                else { return }
                let head = "event.name == \(String(decoding: JSON.string(event).serialized, as: UTF8.self)) && ("
                guard let fault = Impossibility(of: head + text + ")") else { return }
                let column = fault.line > 1 ? fault.column : max(1, fault.column - head.unicodeScalars.count)
                report(
                    .neverTrue, "no \"\(event)\" can ever be meant: \(fault.message)", in: file.name,
                    at: file.place(line: fault.line, column: column, in: member.value),
                    help: "the event's name is given already", severity: .error)
            }
        }
    }

    /// Attributes of contacts that stand in one place only, while another of nearly the same name stands in several.
    mutating func lookAtAttributes() {
        var counts: [String: Int] = [:]
        var places: [String: (file: String, place: YAMLNode.Place)] = [:]
        for file in conditioned {
            file.root.walk { member, _ in
                if member.key == "set" { for set in member.value.members ?? [] { counts[set.key, default: 0] += 1 } }
                guard ["date", "until", "switch"].contains(member.key), let text = member.value.text else { return }
                for mention in AttributeMention.all(in: text) { counts[mention.name, default: 0] += 1 }
            }
            for node in file.root.conditions {
                for mention in AttributeMention.all(in: node.text ?? "") {
                    counts[mention.name, default: 0] += 1
                    places[mention.name] = (file.name, file.place(line: mention.line, column: mention.column, in: node))
                }
            }
        }
        for (file, text) in files where file.hasSuffix(".mustache") {
            for mention in AttributeMention.all(in: text) { counts[mention.name, default: 0] += 1 }
        }
        for field in document("forms.yaml")?.root["forms"]?.elements?.flatMap({ $0["fields"]?.elements ?? [] }) ?? [] {
            if let trait = (field["trait"] ?? field["field"])?.text { counts[trait, default: 0] += 1 }
        }
        let known = counts.filter { $0.value > 1 }.keys.sorted()
        for (name, found) in places where counts[name] == 1 && name.count > 4 {
            guard let meant = NearMiss.nearest(to: name, among: known), NearMiss.distance(meant, name) <= 1 else {
                continue
            }
            report(
                .nameUsedOnce, "the attribute \"\(name)\" stands nowhere else", in: found.file, at: found.place,
                help: "did you mean \"\(meant)\"?")
        }
    }

    /// Events that stand in one place only, while another of nearly the same name stands in several.
    mutating func lookAtEventNames() {
        var places: [String: [(file: String, place: YAMLNode.Place)]] = [:]
        for file in conditioned {
            file.root.walk { member, _ in
                guard member.key == "event", let name = member.value.text else { return }
                places[name, default: []].append((file.name, member.value.place))
            }
            for node in file.root.conditions {
                for mention in HistoryMention.all(in: node.text ?? "") {
                    let place = file.place(line: mention.line, column: mention.column, in: node)
                    places[mention.event, default: []].append((file.name, place))
                }
            }
        }
        let known = places.filter { $0.value.count > 1 }.keys.sorted() + EventNames.own
        for (name, found) in places where found.count == 1 && name.count > 4 && !EventNames.own.contains(name) {
            guard let meant = NearMiss.nearest(to: name, among: known), NearMiss.distance(meant, name) <= 2 else {
                continue
            }
            report(
                .nameUsedOnce, "the event \"\(name)\" stands nowhere else", in: found[0].file, at: found[0].place,
                help: "did you mean \"\(meant)\"?")
        }
    }
}

/// An attribute of the contact that a text names.
struct AttributeMention: Hashable {
    var name: String
    var line: Int
    var column: Int

    static func all(in text: String) -> [AttributeMention] {
        var found: [AttributeMention] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var rest = line[...]
            while let start = rest.firstRange(of: "contact.") {
                let before = start.lowerBound > line.startIndex ? line[line.index(before: start.lowerBound)] : " "
                rest = rest[start.upperBound...]
                let name = rest.prefix { $0 == "_" || $0.isLetter || $0.isNumber }
                guard !name.isEmpty, !(before.isLetter || before == "_" || before == ".") else { continue }
                let column = line.unicodeScalars.distance(from: line.startIndex, to: start.lowerBound) + 1
                found.append(AttributeMention(name: String(name), line: number + 1, column: column))
            }
        }
        return found
    }
}

extension EventNames {
    /// What Loods itself says of messages.
    fileprivate static let own = [
        emailSent, emailRefused, emailSkipped, emailUnknown, webhookDelivered, webhookFailed, teamNotified,
        notificationFailed, postcardSent, postcardSkipped, postcardFailed, siteMessageShown, siteMessageClicked,
        emailOpened,
        emailClicked, formSubmitted, assetDownloaded, ratingGiven,
    ]
}
