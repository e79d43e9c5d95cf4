import Model
import Workspaces

/// What somebody filled in, checked against the form's definition.
struct FormEntry: Sendable {
    /// What is wrong with one field.
    struct Fault: Sendable, Hashable {
        var field: String
        var code: ItemFault.Code
        var message: String
    }

    enum Outcome: Sendable {
        case filled(FormEntry)
        case faulty([Fault])
        /// The field that people do not see is filled in.
        case robot
    }

    var properties: [String: JSON]
    /// What describes somebody whom nobody knows yet.
    var traits: [String: JSON]
    /// As `loods.js` has it; nil for a page without it.
    var anonymousID: String?

    /// Fields that the definition does not name are left out.
    static func read(_ body: FormBody, as form: FormDefinition) -> Outcome {
        if body.values(of: form.honeypot).contains(where: { !$0.isEmpty }) { return .robot }
        var entry = FormEntry(properties: ["form": .string(form.name)], traits: [:])
        var faults: [Fault] = []
        for field in form.fields {
            switch field.value(among: body.values(of: field.name)) {
            case .success(let value?):
                entry.properties[field.name] = value
                if let trait = field.trait { entry.traits[trait] = value }
            case .success(nil): break
            case .failure(let fault): faults.append(Fault(field: field.name, code: fault.code, message: fault.message))
            }
        }
        entry.anonymousID = body.values(of: "anonymousId").last.flatMap { $0.isEmpty ? nil : $0 }
        if let id = entry.anonymousID, id.utf8.count > EdgeLimits().name {
            faults.append(Fault(field: "anonymousId", code: .tooLarge, message: "is too long"))
        }
        return faults.isEmpty ? .filled(entry) : .faulty(faults)
    }
}

extension FormDefinition.Field {
    /// Nil where nothing is given and nothing need be.
    fileprivate func value(among given: [String]) -> Result<JSON?, ItemFault> {
        let values = given.map { $0.trimmed }.filter { !$0.isEmpty }
        if kind == .checkbox {
            let isTicked = values.contains { !["off", "false", "no", "0"].contains($0.lowercased()) }
            return isRequired && !isTicked ? fault(.missing, "must be ticked") : .success(.bool(isTicked))
        }
        guard let value = values.last else { return isRequired ? fault(.missing, "is missing") : .success(nil) }
        guard values.reduce(0, { $0 + $1.utf8.count }) <= most else {
            return fault(.tooLarge, "has more than \(most) bytes")
        }
        switch kind {
        case .email:
            guard EventReading.Names.isAddress(value) else { return fault(.invalid, "is not an e-mail address") }
        case .url:
            let isAddress = ["http://", "https://"].contains { value.lowercased().hasPrefix($0) }
            guard isAddress else { return fault(.invalid, "is not the address of a page") }
        case .number:
            if let whole = Int64(value) { return .success(.int(whole)) }
            guard let number = Double(value), number.isFinite else { return fault(.invalid, "is not a number") }
            return .success(.double(number))
        case .text:
            // Several boxes of one name.
            if values.count > 1 { return .success(.array(values.map { .string($0) })) }
        case .checkbox: break
        }
        return .success(.string(value))
    }

    private func fault(_ code: ItemFault.Code, _ message: String) -> Result<JSON?, ItemFault> {
        .failure(ItemFault(code, message, field: name))
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
