import Expressions
import Model

extension Review {
    /// The files whose conditions are CEL.
    private var conditioned: [YAMLFile] {
        documents.filter { file in
            ["journeys/", "segments/"].contains { file.name.hasPrefix($0) }
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
        let known = places.filter { $0.value.count > 1 }.keys.sorted()
        for (name, found) in places where found.count == 1 && name.count > 4 {
            guard let meant = NearMiss.nearest(to: name, among: known), NearMiss.distance(meant, name) <= 2 else {
                continue
            }
            report(
                .nameUsedOnce, "the event \"\(name)\" stands nowhere else", in: found[0].file, at: found[0].place,
                help: "did you mean \"\(meant)\"?")
        }
    }
}
