import JourneyProgram
import Model
import Workspaces

/// Where an engine takes a recorded run otherwise than the one that it was recorded from.
struct ReplayDifference: Equatable, CustomStringConvertible {
    var take: String
    /// The run, or nothing where it is what the gate and others did.
    var run: String
    var step: String
    var at: Timestamp
    /// What differs: `effects`, `state`, `wake`, `input`, `look` or `told`.
    var what: String
    var recorded: String
    var today: String

    var description: String {
        """
        "\(take)", run \(run.isEmpty ? "-" : run), step \(step.isEmpty ? "-" : step), at \(at): \(what) was
          \(recorded)
        and is today
          \(today)
        """
    }
}

extension Recording {
    /// Plays it all on this code: the first difference, or nil.
    func replay() throws -> ReplayDifference? {
        let loaded = Workspace.load(files: files)
        guard let workspace = loaded.workspace else {
            throw RecordingError("the recorded definitions are not read any more: \(loaded.findings)")
        }
        for take in takes {
            let today = take.played(in: workspace)
            if let difference = take.difference(from: today) { return difference }
        }
        return nil
    }
}

extension Recording.Take {
    private static let nothing = "nothing"

    fileprivate func difference(from today: (looks: [Recording.Look], told: [String])) -> ReplayDifference? {
        for index in 0..<max(looks.count, today.looks.count) {
            let (old, new) = (looks.at(index), today.looks.at(index))
            if let difference = difference(old, new) { return difference }
        }
        for index in 0..<max(told.count, today.told.count) {
            let (old, new) = (told.at(index), today.told.at(index))
            guard old != new, let line = old ?? new else { continue }
            // `2026-03-02T09:00:00Z journey what step …`
            let words = line.split(separator: " ").map(String.init)
            let at = Timestamp(iso8601: words[0]) ?? start
            return ReplayDifference(
                take: title, run: words[1], step: words.at(3) ?? "", at: at, what: "told",
                recorded: old ?? Self.nothing,
                today: new ?? Self.nothing)
        }
        return nil
    }

    private func difference(_ old: Recording.Look?, _ new: Recording.Look?) -> ReplayDifference? {
        guard old != new, let place = old ?? new else { return nil }
        func difference(_ what: String, _ recorded: String?, _ today: String?) -> ReplayDifference {
            ReplayDifference(
                take: title, run: place.run, step: place.state.step, at: place.at, what: what,
                recorded: recorded ?? Self.nothing, today: today ?? Self.nothing)
        }
        guard let old, let new, old.run == new.run, old.at == new.at else {
            return difference("look", old.map { "\($0.run) at \($0.at)" }, new.map { "\($0.run) at \($0.at)" })
        }
        if old.input != new.input { return difference("input", old.input, new.input) }
        for index in 0..<max(old.effects.count, new.effects.count)
        where old.effects.at(index) != new.effects.at(index) {
            return difference("effects", old.effects.at(index), new.effects.at(index))
        }
        if old.state != new.state { return difference("state", old.state.json.text, new.state.json.text) }
        return difference("wake", old.wake?.description, new.wake?.description)
    }

    private var title: String { contact.name + ", " + name + (lag > .zero ? ", \(lag) late" : "") }
}

extension Array {
    fileprivate func at(_ index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
