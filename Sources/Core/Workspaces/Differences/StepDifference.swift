/// What tells the steps of two versions of a journey apart: the shortest way from one to the other, where a step that goes
/// and one of its kind that comes in its place are one change.
struct StepDifference {
    private(set) var details: [WorkspaceDifference.Detail] = []

    init(from old: [StepOutline], to new: [StepOutline]) {
        var gone: [(step: StepOutline, behind: String)] = []
        var come: [(step: StepOutline, behind: String)] = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, let step, _): gone.append((step, Self.landmark(before: offset, in: old)))
            case .insert(let offset, let step, _): come.append((step, Self.landmark(before: offset, in: new)))
            }
        }
        for (step, behind) in come where !step.isLabel {
            let before = gone.firstIndex {
                $0.behind == behind && $0.step.kind == step.kind && $0.step.depth == step.depth
            }
            let held = before.map { gone.remove(at: $0).step }
            details.append(
                .init(
                    sign: held == nil ? .added : .changed, key: "step", before: held?.told, after: step.told,
                    place: behind))
        }
        details += gone.filter { !$0.step.isLabel }.map {
            .init(sign: .removed, key: "step", before: $0.step.told, place: $0.behind)
        }
    }

    /// The last step with a name of its own before a place.
    private static func landmark(before offset: Int, in steps: [StepOutline]) -> String {
        steps[..<offset].last { $0.name != nil }?.name.map { "after \($0)" } ?? "at the beginning"
    }
}
