import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Model
import NIOCore
import Testing

@testable import Ingestion

/// The document at `/openapi.json` against the routes that there are, and what they answer.
@Suite struct OpenAPITests {
    private static let document = (try? JSON(parsing: AssetRoutes.description.text)) ?? .null

    private static var operations: [(path: String, method: String, operation: JSON)] {
        (document["paths"]?.object ?? [:]).flatMap { path, item in
            (item.object ?? [:]).filter { $0.key != "parameters" }.map { (path, $0.key, $0.value) }
        }
    }

    @Test func itDescribesEveryRouteAndNoOther() throws {
        let described = Set(Self.operations.map { "\($0.method.uppercased()) \($0.path)" })
        #expect(described == Set(try TestEdge().routes()))
        #expect(Self.document["openapi"] == .string("3.1.0"))
    }

    @Test func everyReferenceLeadsSomewhere() {
        var references: [String] = []
        func collect(_ json: JSON) {
            switch json {
            case .object(let members):
                if let reference = members["$ref"]?.string { references.append(reference) }
                for value in members.values { collect(value) }
            case .array(let elements): for element in elements { collect(element) }
            default: break
            }
        }
        collect(Self.document)
        #expect(references.count > 50)
        for reference in Set(references) { #expect(Self.resolve(reference) != nil, "\(reference)") }
    }

    private static func resolve(_ reference: String) -> JSON? {
        reference.split(separator: "/").dropFirst().reduce(Optional(document)) { $0?[String($1)] }
    }

    @Test func operationsHaveNamesOfTheirOwn() {
        let names = Self.operations.map { $0.operation["operationId"]?.string ?? "" }
        #expect(Set(names).count == names.count && !names.contains(""))
    }

    /// What can be had without a token, a key or a body that is right.
    @Test func answersAreAmongThoseDescribed() async throws {
        for (path, method, operation) in Self.operations {
            let uri = path.replacing("{token}", with: "x").replacing("{key}", with: "x").replacing("{form}", with: "x")
                .replacing("{provider}", with: "x")
            let answer = try await TestEdge().run { client in
                try await client.execute(
                    uri: uri, method: .init(rawValue: method.uppercased())!, body: ByteBuffer(string: "x")
                ) { ($0.status.code, $0.headers[.contentType] ?? "") }
            }
            let described = operation["responses"]?["\(answer.0)"]
            let response = described?["$ref"]?.string.flatMap(Self.resolve) ?? described
            #expect(response != nil, "\(method) \(path) answers \(answer.0)")
            guard method != "head", let content = response?["content"]?.object else { continue }
            #expect(content.keys.contains { answer.1.hasPrefix($0) }, "\(method) \(path) answers \(answer.1)")
        }
    }

    /// The codes that stand in the document are those that are answered.
    @Test func codesAreAllThere() {
        func codes(_ schema: String) -> Set<String> {
            let property = Self.document["components"]?["schemas"]?[schema]?["properties"]?["code"]
            return Set(property?["enum"]?.array?.compactMap(\.string) ?? [])
        }
        #expect(codes("Error") == Set(EdgeError.Code.allCases.map(\.rawValue)))
        #expect(codes("Rejected") == Set(ItemFault.Code.allCases.map(\.rawValue)))
    }
}
