import Content
import Foundation
public import Mail

/// Pictures of mails as programs show them, by a headless Chromium: without network, so that images of others are what they are
/// until a reader asks for them.
public struct MailPictures: Sendable {
    /// How wide a screen is, in pixels.
    public enum Screen: Int, Sendable, CaseIterable {
        case phone = 375
        case desktop = 800
    }

    /// Pictures are no higher.
    private static let highest = 6000

    private let chromium: HeadlessChromium

    /// - Parameter program: where Chromium is.
    public init(program: String) { chromium = HeadlessChromium(program: program) }

    /// A PNG of a mail in full.
    ///
    /// In the dark, one with rules of its own for it (`prefers-color-scheme`) goes by these; of another the colours are turned,
    /// as programs do.
    ///
    /// - Parameter images: those that it shows as `cid:NAME`.
    /// - Throws: `CardError`; `CancellationError`.
    public func png(of html: String, _ images: [MailFile], on screen: Screen, isDark: Bool) async throws -> [UInt8] {
        await CardFiles.clean()
        let folder = CardFiles.freshFolder()
        let result: Result<[UInt8], any Error>
        do {
            result = .success(
                try await png(page(html, images, screen), isDark ? Self.darkening(html) : [], screen, in: folder))
        } catch {
            result = .failure(error)
        }
        try? await CardFiles.work { try FileManager.default.removeItem(at: folder) }
        return try result.get()
    }

    private static func darkening(_ html: String) -> [String] {
        html.contains("prefers-color-scheme")
            ? ["--blink-settings=preferredColorScheme=0"]
            : ["--force-dark-mode", "--enable-features=WebContentsForceDark"]
    }

    private func png(_ page: String, _ looks: [String], _ screen: Screen, in folder: URL) async throws -> [UInt8] {
        let (file, dump, picture) = (
            folder.appendingPathComponent("mail.html"), folder.appendingPathComponent("dump.html"),
            folder.appendingPathComponent("mail.png")
        )
        try await CardFiles.work {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            try Data(page.utf8).write(to: file)
            try Data().write(to: dump)
        }
        let output = try FileHandle(forWritingTo: dump)
        try await chromium.run(
            arguments(folder, screen, 800) + ["--dump-dom", file.absoluteString], in: folder, output: output)
        try output.close()
        let text = try await CardFiles.work { try String(contentsOf: dump, encoding: .utf8) }
        let height = min(Self.highest, max(1, Self.height(in: text) ?? 800))
        try await chromium.run(
            arguments(folder, screen, height) + looks + ["--screenshot=\(picture.path)", file.absoluteString],
            in: folder)
        guard let data = try? await CardFiles.work({ try Data(contentsOf: picture) }), !data.isEmpty else {
            throw CardError("Chromium made no picture")
        }
        return Array(data)
    }

    private func arguments(_ folder: URL, _ screen: Screen, _ height: Int) -> [String] {
        HeadlessChromium.arguments(in: folder) + ["--window-size=\(screen.rawValue),\(height)"]
    }

    private static func height(in text: String) -> Int? {
        text.firstRange(of: "data-height=\"").flatMap { Int(text[$0.upperBound...].prefix(while: \.isNumber)) }
    }

    /// The mail in a frame that runs no scripts of its own, and a script that says how high it is.
    private func page(_ html: String, _ images: [MailFile], _ screen: Screen) -> String {
        let shown = images.reduce(html) { html, image in
            html.replacing("cid:\(image.name.text)", with: image.dataURL)
        }
        return """
            <!DOCTYPE html><html><head><meta charset="utf-8"><style>html,body{margin:0}iframe{display:block;border:0;\
            width:\(screen.rawValue)px;height:10px}</style></head><body>\
            <iframe sandbox="allow-same-origin" srcdoc="\(HTMLText.escaped(shown))"></iframe>\
            <script>addEventListener("load",()=>{const f=document.querySelector("iframe"),d=f.contentDocument,\
            h=Math.max(d.documentElement.scrollHeight,d.body.scrollHeight);f.style.height=h+"px";\
            document.documentElement.dataset.height=h})</script></body></html>
            """
    }
}
