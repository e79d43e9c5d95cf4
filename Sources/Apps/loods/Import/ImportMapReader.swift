import Contracts
import Foundation
import JourneyProgram
import Model
import ServiceRuntime
import Yams

/// Reads an import map; its first fault ends the command with file, line and column.
struct ImportMapReader {
    private static let keys = ["delimiter", "header", "columns", "call", "event", "time", "fields"]
    private static let fieldKeys = [
        "userId", "anonymousId", "previousId", "groupId", "messageId", "email", "name", "properties", "traits",
    ]

    private let file: String

    static func read(_ file: String) throws -> ImportMap {
        guard let data = FileManager.default.contents(atPath: file), let text = String(validating: data, as: UTF8.self)
        else { throw ExitFault(code: .settings, message: "\(file) cannot be read as text") }
        let reader = ImportMapReader(file: file)
        do {
            guard let root = try Yams.compose(yaml: text) else {
                throw ExitFault(code: .settings, message: "\(file) is empty")
            }
            return try reader.map(root)
        } catch let error as YamlError {
            throw ExitFault(code: .settings, message: "\(file): \(error)")
        }
    }

    private func map(_ root: Node) throws -> ImportMap {
        let members = try members(of: root, "the map", allowed: Self.keys)
        let fields =
            try members["fields"].map { try self.members(of: $0, "\"fields\"", allowed: Self.fieldKeys) } ?? [:]
        let call = try members["call"].map(self.call) ?? .track
        let columns = try members["columns"].map { try names($0) }
        let map = ImportMap(
            delimiter: try members["delimiter"].map(delimiter) ?? .character(UInt8(ascii: ",")),
            header: try members["header"].map(header) ?? (columns == nil ? .names : .absent), columns: columns,
            call: call, event: try members["event"].map { try event($0) }, time: try members["time"].map(time),
            fields: try fields.filter { $0.key != "properties" && $0.key != "traits" }.mapValues { try source($0) },
            properties: try sources(fields["properties"]), traits: try sources(fields["traits"]))
        try check(map, root)
        return map
    }

    private func check(_ map: ImportMap, _ root: Node) throws {
        if map.call == .track, map.event == nil { throw fault("a track call needs an \"event\"", root) }
        guard ["userId", "anonymousId", "email"].contains(where: { map.fields[$0] != nil }) else {
            throw fault("\"fields\" must say who it was: userId, anonymousId or email", root)
        }
        if case .names = map.header, map.columns != nil {
            throw fault("the header names the columns, and so does \"columns\"; say header: skip", root)
        }
        guard let columns = map.columns else {
            if case .names = map.header { return }
            throw fault("\"columns\" must name the columns where there is no header", root)
        }
        if let unknown = map.usedColumns.subtracting(columns).min() {
            throw fault("there is no column \"\(unknown)\"; columns are \(columns.joined(separator: ", "))", root)
        }
    }

    // MARK: Values

    private func delimiter(_ node: Node) throws -> ImportMap.Delimiter {
        switch node.string {
        case "whitespace": return .whitespace
        case "tab", "\t": return .character(9)
        case let text? where text.utf8.count == 1 && text != "\"" && text != "\n": return .character(text.utf8.first!)
        default: throw fault("\"delimiter\" is one ASCII character, tab or whitespace", node)
        }
    }

    private func header(_ node: Node) throws -> ImportMap.Header {
        switch node.string?.lowercased() {
        case "true", "yes": return .names
        case "false", "no": return .absent
        case "skip": return .skipped
        default: throw fault("\"header\" is true, false or skip", node)
        }
    }

    private func names(_ node: Node) throws -> [String] {
        let names = node.array().compactMap(\.string)
        guard node.sequence != nil, !names.isEmpty, names.count == node.array().count, Set(names).count == names.count
        else { throw fault("\"columns\" is a list of names, each once", node) }
        return names
    }

    private func call(_ node: Node) throws -> AcceptedEvent.Call {
        guard let call = AcceptedEvent.Call.allCases.first(where: { "\($0)" == node.string }) else {
            let known = AcceptedEvent.Call.allCases.map { "\($0)" }.joined(separator: ", ")
            throw fault("unknown call \"\(node.string ?? "")\"; calls are \(known)", node)
        }
        return call
    }

    /// Text alone is the event's name; only a template or a mapping takes it from a column.
    private func event(_ node: Node) throws -> ImportMap.Source {
        if let text = node.string, !text.contains("{{") { return .constant(.text(text)) }
        return try source(node)
    }

    private func time(_ node: Node) throws -> (source: ImportMap.Source, format: TimeFormat) {
        if node.string != nil { return (try source(node), TimeFormat("iso")!) }
        let members = try members(of: node, "\"time\"", allowed: ["column", "format", "zone"])
        guard let column = members["column"]?.string else { throw fault("\"time\" needs a \"column\"", node) }
        var zone = LocalZone.utc
        if let name = members["zone"] {
            guard let known = name.string.flatMap({ LocalZone($0) }) else {
                throw fault("unknown time zone; a name of the IANA database, such as Europe/Amsterdam", name)
            }
            zone = known
        }
        let format = members["format"]?.string ?? "iso"
        guard let read = TimeFormat(format, zone: zone) else {
            throw fault(
                "unknown time format \"\(format)\"; iso, unix, unix-ms, or a pattern such as yyyy-MM-dd HH:mm:ss",
                members["format"] ?? node)
        }
        if let zone = members["zone"], format.hasPrefix("unix") {
            throw fault("\"zone\" means nothing to \(format), which counts from an instant", zone)
        }
        return (.column(column, .string), read)
    }

    private func sources(_ node: Node?) throws -> [String: ImportMap.Source] {
        guard let node else { return [:] }
        return try members(of: node, "it", allowed: nil).mapValues { try source($0) }
    }

    private func source(_ node: Node) throws -> ImportMap.Source {
        if let text = node.string, node.mapping == nil {
            guard let source = ImportMap.Source(text: text) else { throw fault("\"{{\" is not closed", node) }
            return source
        }
        let members = try members(of: node, "a value", allowed: ["column", "type", "constant"])
        if let constant = members["constant"] { return .constant(self.constant(constant)) }
        guard let column = members["column"]?.string else {
            throw fault("a value is a column's name, a template, {column: …} or {constant: …}", node)
        }
        let kind = members["type"]?.string ?? "string"
        guard let known = ImportMap.ValueKind(rawValue: kind) else {
            let kinds = ImportMap.ValueKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw fault("unknown type \"\(kind)\"; types are \(kinds)", members["type"] ?? node)
        }
        return .column(column, known)
    }

    /// Plain scalars are numbers and flags where they look so; quoted ones are text.
    private func constant(_ node: Node) -> ImportMap.Constant {
        let text = node.string ?? ""
        guard node.scalar?.style == .plain || node.scalar?.style == .any else { return .text(text) }
        if let value = Int64(text) { return .integer(value) }
        if let value = Double(text), value.isFinite { return .number(value) }
        if text == "true" || text == "false" { return .flag(text == "true") }
        return .text(text)
    }

    private func members(of node: Node, _ what: String, allowed: [String]?) throws -> [String: Node] {
        guard let mapping = node.mapping else { throw fault("\(what) must be a mapping", node) }
        var members: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.string ?? ""
            if let allowed, !allowed.contains(name) {
                throw fault("unknown key \"\(name)\"; keys are \(allowed.joined(separator: ", "))", key)
            }
            members[name] = value
        }
        return members
    }

    private func fault(_ sentence: String, _ node: Node) -> ExitFault {
        let place = node.mark.map { ":\($0.line):\($0.column)" } ?? ""
        return ExitFault(code: .settings, message: "\(file)\(place)  \(sentence)")
    }
}
