import Content
import JourneyProgram
import Model
import Store
import Workspaces

/// What is told others than the contact: who it is about, what began it, and what the step says.
struct CallBody: Sendable {
    let values: [String: JSON]
    private let said: JSON
    private let message: Message
    private let workspace: String

    /// - Throws: `TemplateError` where the step's texts cannot be rendered.
    init(_ cleared: ClaimDesk.Cleared, _ call: Step.Call) throws {
        message = cleared.claimed.message
        workspace = cleared.workspace.name
        var event: [String: JSON] = [:]
        if let entry = cleared.entry { event = ["name": .string(entry.name), "properties": entry.properties] }
        values = [
            "contact": .object(cleared.attributes), "event": .object(event),
            "message": .object(["id": .string(message.id.description)]),
            "workspace": .object(["name": .string(workspace)]),
        ]
        said = try Self.render(call.content, values)
    }

    /// The text, where it is one.
    var text: String { said.string ?? "" }

    /// As a request carries it: a JSON object.
    var bytes: [UInt8] {
        let body: [String: JSON] = [
            "id": .string(message.id.description), "workspace": .string(workspace), "journey": .string(message.journey),
            "step": .string(message.step), "visit": .int(Int64(message.visit)), "contact": values["contact"] ?? .null,
            "contact_id": .string(message.contact.contact.description),
            "event": values["event"] ?? .null, said.string == nil ? "data" : "text": said,
        ]
        return JSON.object(body).serialized
    }

    /// Fills in the texts of a value.
    private static func render(_ value: JSON, _ values: [String: JSON]) throws -> JSON {
        switch value {
        case .string(let text): .string(try Template(text, as: .text).render(values))
        case .array(let elements): .array(try elements.map { try render($0, values) })
        case .object(let members): .object(try members.mapValues { try render($0, values) })
        default: value
        }
    }
}
