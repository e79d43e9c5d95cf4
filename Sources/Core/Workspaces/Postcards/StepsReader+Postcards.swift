import JourneyProgram
import Model

extension StepsReader {
    func postcard(_ node: YAMLNode) -> Step? {
        guard let fields = Fields(node, of: "a postcard step", keys: ["postcard", "step", "late"], in: inspection),
            let reference = fields["postcard"]
        else { return nil }
        let known = names.postcards.keys.sorted()
        let card = inspection.reference(reference, "postcard", among: known, called: "postcards")
        let name = fields["step"].map { inspection.name($0, "a step's name") } ?? card
        let late = fields["late"].map(self.late)
        if let late, late == nil { return nil }
        if names.hasPost == false {
            inspection.report(
                .missing, "workspace.yaml does not say where postcards go", at: reference.place,
                help: "post: {webhook: NAME}, or post: {folder: true}")
        }
        if let name = name ?? reference.text { callNames.insert(name) }
        guard let card, let name, isNew(name, at: (fields["step"] ?? reference).place) else { return nil }
        var call = Step.Call(.post(card), content: .object([:]))
        if case .topic(let topic)?? = names.postcards[card]?.map(\.ground) { call.topic = topic }
        return .call(name: name, call, late: late ?? nil)
    }
}
