import HTTPTypes
import Hummingbird
import Model
import NIOCore
import Workspaces

/// How a form is answered: in JSON to a script that asks for it, with a redirect where the definition names one, else with a
/// plain page.
struct FormAnswers {
    private let wantsJSON: Bool
    private let form: FormDefinition?

    init(_ request: Request, _ form: FormDefinition? = nil) {
        self.form = form
        let accepted = request.headers[.accept]?.lowercased() ?? ""
        wantsJSON = accepted.contains("application/json") && !accepted.contains("text/html")
    }

    /// - Parameter download: the link to what the form gives.
    func thanks(download: String?) -> Response {
        if wantsJSON {
            var members: [String: JSON] = ["success": .bool(true)]
            if let download { members["download"] = .string(download) }
            return Answers.json(.ok, ByteBuffer(bytes: JSON.object(members).serialized))
        }
        if let success = form?.success { return redirect(success, download.map { [("download", $0)] } ?? []) }
        let link = download.map { "<p><a href=\"\(Pages.escaped($0))\" rel=\"noreferrer\">Download</a></p>" } ?? ""
        let message = Pages.escaped(form?.message ?? "Thank you.")
        return Pages.page(.ok, title: "Thank you", body: "<p role=\"status\">\(message)</p>\(link)")
    }

    func faulty(_ faults: [FormEntry.Fault]) -> Response {
        if wantsJSON {
            let items = faults.map { fault in
                JSON.object([
                    "field": .string(fault.field), "code": .string(fault.code.rawValue),
                    "message": .string(fault.message),
                ])
            }
            let members: [String: JSON] = [
                "code": .string(EdgeError.Code.invalid.rawValue), "message": .string("fields are missing or wrong"),
                "fields": .array(items),
            ]
            return Answers.json(.badRequest, ByteBuffer(bytes: JSON.object(members).serialized))
        }
        if let failure = form?.failure {
            return redirect(
                failure, [("form", form?.name ?? ""), ("fields", faults.map(\.field).joined(separator: ","))])
        }
        let items = faults.map {
            "<li><strong>\(Pages.escaped($0.field))</strong> \(Pages.escaped($0.message))</li>"
        }
        return Pages.page(
            .badRequest, title: "Please check the form",
            body:
                "<div role=\"alert\"><p>Something is missing or wrong. Go back and try again.</p><ul>\(items.joined())</ul></div>"
        )
    }

    /// Of the whole request.
    func refused(_ error: EdgeError) -> Response {
        guard !wantsJSON else { return Answers.refused(error) }
        var page = Pages.page(
            .init(code: error.status), title: "This did not work",
            body: "<p role=\"alert\">The form could not be taken: \(Pages.escaped(error.message)).</p>")
        for name in [HTTPField.Name.retryAfter, .wwwAuthenticate, .connection] {
            // A page that asks for a password would be answered by nobody.
            guard name != .wwwAuthenticate else { continue }
            page.headers[name] = Answers.refused(error).headers[name]
        }
        return page
    }

    /// To an address of the definitions with more in its query.
    private func redirect(_ address: String, _ more: [(String, String)]) -> Response {
        let parts = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        var location = String(parts[0])
        for (name, value) in more {
            location += "\(location.contains("?") ? "&" : "?")loods_\(name)=\(Self.encoded(value))"
        }
        if parts.count > 1 { location += "#\(parts[1])" }
        return Response(
            status: .seeOther,
            headers: [.location: location, .cacheControl: "no-store", .referrerPolicy: "no-referrer"])
    }

    /// Percent-encoded but for the unreserved characters of RFC 3986, section 2.3.
    static func encoded(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                output.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                output += "%" + String(UInt16(byte) | 0x100, radix: 16).dropFirst().uppercased()
            }
        }
        return output
    }
}
