extension Journey {
    /// Where a run of an older version goes on when it moves to this one; nil where this version has no such place.
    ///
    /// A step with a name of its own is found by it, wherever it stands. Another is found by its kind, the branch that it
    /// stands in and the named step that lies before it: so a wait stays the wait behind its mail when steps come and go.
    /// What a run waits for is fixed on its arrival and moves with it.
    public func step(succeeding step: String, visit: Int, of old: Journey) -> String? {
        let name = step == StepTable.endName ? step : old.table.anchors[step].flatMap { table.stepsByAnchor[$0] }
        return name.flatMap { table.place(named: $0, visit: visit) == nil ? nil : $0 }
    }

    /// A run of an older version as it goes on in this one; nil where it cannot.
    public func taking(over run: RunState, from old: Journey) -> RunState? {
        guard run.outcome == nil, let step = step(succeeding: run.step, visit: run.visit, of: old) else { return nil }
        var run = run
        run.step = step
        return run
    }
}

/// What makes a step the same in two versions.
struct StepAnchor: Hashable {
    var kind: String
    /// The step's own name; of others that of the last named one before it, as it is written.
    var landmark: String
    /// The branches that it stands in; nothing for a step that has a name.
    var branch: [Substring]
    /// Among those with all this in common; 0 for a step that has a name.
    var number: Int
}

extension StepTable {
    static let endName = "end"

    /// By the steps' names.
    var anchors: [String: StepAnchor] {
        var anchors: [String: StepAnchor] = [:]
        var landmark = ""
        var seen: [StepAnchor: Int] = [:]
        for line in lines.reversed() where line.visit == 1 && line.name != Self.endName {
            var anchor = StepAnchor(kind: line.operation.kind, landmark: line.name, branch: [], number: 0)
            if let branch = line.branch {
                (anchor.landmark, anchor.branch) = (landmark, branch)
                seen[anchor, default: 0] += 1
                anchor.number = seen[anchor] ?? 0
                anchors[line.name] = anchor
            } else {
                landmark = line.name
                anchors[line.name] = anchor
            }
        }
        return anchors
    }

    var stepsByAnchor: [StepAnchor: String] {
        Dictionary(anchors.map { ($0.value, $0.key) }) { first, _ in first }
    }
}

extension StepTable.Line {
    /// The names of the branches in the place that the step is named by; nil for a step with a name of its own.
    fileprivate var branch: [Substring]? {
        let parts = name.split(separator: " ")
        guard parts.count == 2, parts[1].first?.isNumber == true else { return nil }
        let path = parts[1].split(separator: ".")
        // `3.then.1`; the number behind `cases`, `any` and `elif` says which of them.
        return path.indices.filter { index in
            Int(path[index]) == nil || index > 0 && ["cases", "any", "elif"].contains(path[index - 1])
        }.map { path[$0] }
    }
}

extension StepTable.Operation {
    /// What a run at such a step stands for: it goes on at a step of the same kind only.
    fileprivate var kind: String {
        switch self {
        case .email: "email"
        case .stream: "stream"
        case .test: "test"
        case .call(let call, _): String(call.name.prefix { $0 != ":" })
        case .wait, .waitUntil, .waitUntilDate: "wait"
        case .await: "wait_for"
        case .choose: "if"
        case .select: "switch"
        case .split: "split"
        case .change(let change): change.kind
        case .leave: "repeat"
        case .end: "end"
        }
    }
}
