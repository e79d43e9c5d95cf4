import Model
import Store
import Workspaces

/// What somebody may choose of: every topic of the workspace on each channel that it goes by.
struct Preferences: Sendable {
    struct Choice: Sendable {
        let topic: Topic
        let channel: String
        var isOn: Bool

        /// As forms name it. Topics have no space in their names.
        var name: String { "\(topic.name) \(channel)" }
    }

    private(set) var choices: [Choice]

    /// - Parameter ledger: nil where nobody knows what was chosen before: then all is off.
    init(_ workspace: Workspace, _ ledger: MailedLedger?) {
        let lines = ledger.map { $0.lines.holding(at: $0.address) } ?? []
        choices = workspace.topics.flatMap { topic in
            let states = { (channel: String) in
                lines.first { $0.topic == topic.name && $0.channel == channel }?.state
            }
            // On whatever basis mail goes, it goes until they say no.
            let byMail = ledger != nil && (states("email").map { $0 == .given } ?? !topic.restsOnConsent)
            return [Choice(topic: topic, channel: "email", isOn: byMail)]
                + workspace.otherChannels(of: topic.name).map { channel in
                    Choice(topic: topic, channel: channel, isOn: byMail && states(channel)?.isRefusal != true)
                }
        }
    }

    /// As somebody wants it.
    ///
    /// - Parameters:
    ///   - shown: the choices that they saw.
    ///   - on: those of them that they left or made on.
    func chosen(_ on: Set<String>, of shown: Set<String>) -> Preferences {
        var chosen = self
        for index in choices.indices where shown.contains(choices[index].name) {
            chosen.choices[index].isOn = on.contains(choices[index].name)
        }
        return chosen
    }

    /// What is on here and was not before, and the other way round.
    func changes(from before: Preferences) -> (given: [Choice], withdrawn: [Choice]) {
        let pairs = zip(before.choices, choices).filter { $0.isOn != $1.isOn }.map(\.1)
        return (pairs.filter(\.isOn), pairs.filter { !$0.isOn })
    }
}
