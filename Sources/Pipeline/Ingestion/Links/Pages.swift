import HTTPTypes
import Hummingbird
import NIOCore

/// The few pages that people see who follow a link in a mail: plain HTML that runs nothing and loads nothing.
enum Pages {
    static var notFound: Response {
        page(.notFound, title: "Not found", body: "<p>This link is not valid, or no longer.</p>")
    }

    static var unavailable: Response {
        var response = page(
            .serviceUnavailable, title: "Please try again",
            body: "<p>Your choice could not be recorded just now. Please try again in a minute.</p>")
        response.headers[.retryAfter] = "10"
        return response
    }

    static var expired: Response {
        page(
            .gone, title: "No longer valid", body: "<p>This link has expired. Fill in the form again for a new one.</p>"
        )
    }

    /// - Parameter highest: of the scale, where it is known.
    static func rate(question: String, value: Int, highest: Int?) -> Response {
        let answer = highest.map { "\(value) of \($0)" } ?? "\(value)"
        return page(
            .ok, title: "Your rating",
            body: """
                <p>\(escaped(question))</p>
                <form method="post"><button type="submit" name="confirm" value="yes" autofocus>Give \(answer)</button></form>
                """)
    }

    static var rated: Response {
        page(.ok, title: "Thank you", body: "<p role=\"status\">Your rating has been taken.</p>")
    }

    /// Text as it may stand in HTML, in attributes too.
    static func escaped(_ text: String) -> String {
        var output = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            default: output.unicodeScalars.append(character)
            }
        }
        return output
    }

    private static let policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

    static func page(
        _ status: HTTPResponse.Status, title: String, body: String, language: String = "en"
    ) -> Response {
        let html = """
            <!doctype html>
            <html lang="\(language)">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <title>\(escaped(title))</title>
            <style>
            body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;color:#1a1a1a;
            background:#fff}
            button{font:inherit;padding:.6rem 1.4rem;border:0;border-radius:.3rem;background:#0b4f8a;color:#fff;
            cursor:pointer}
            blockquote{margin:1.2rem 0;padding:.2rem 1rem;border-left:.25rem solid #0b4f8a}
            button.quiet{background:#fff;color:#0b4f8a;box-shadow:inset 0 0 0 2px #0b4f8a}
            fieldset{margin:1rem 0;padding:.6rem 1rem;border:1px solid #767676;border-radius:.3rem}
            legend{padding:0 .4rem;font-weight:600}
            label{display:flex;gap:.7rem;align-items:flex-start;padding:.4rem 0;cursor:pointer}
            input[type=checkbox]{flex:none;width:1.4rem;height:1.4rem;margin:.1rem 0}
            input:focus-visible,button:focus-visible{outline:3px solid #f2a900;outline-offset:2px}
            </style>
            </head>
            <body>
            <main>
            <h1>\(escaped(title))</h1>
            \(body)
            </main>
            </body>
            </html>

            """
        return Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store", .contentSecurityPolicy: policy,
                .referrerPolicy: "no-referrer", .xContentTypeOptions: "nosniff",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
    }
}
