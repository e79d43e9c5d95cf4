@testable import Delivery
import Foundation
import Testing

/// Cards in a folder are whole, and what mailers leave that die at it goes.
struct CardFolderTests {
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("loods-post-\(UUID().uuidString)")

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }

    @Test func aCardThatIsPutAgainGivesWay() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let cards = CardFolder(path: folder.appendingPathComponent("shop").path)
        for text in ["first", "second"] {
            try cards.put("id", pdf: Array("%PDF".utf8), text: Array(text.utf8))
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: cards.path).sorted()
        #expect(names == ["id.json", "id.pdf"])
        let text = try String(contentsOfFile: "\(cards.path)/id.json", encoding: .utf8)
        #expect(text == "second")
    }

    @Test func partsOfMailersThatDiedGoAfterAnHour() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let cards = CardFolder(path: folder.path)
        try cards.put("one", pdf: [], text: [])
        for (name, minutes) in [(".two.pdf.1.part", 61), (".two.pdf.2.part", 59), (".htaccess", 61)] {
            let file = folder.appendingPathComponent(name)
            try Data().write(to: file)
            let written = Date(timeIntervalSinceNow: -60 * Double(minutes))
            try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: file.path)
        }
        try cards.put("one", pdf: [], text: [])
        #expect(try names == [".htaccess", ".two.pdf.2.part", "one.json", "one.pdf"])
    }

    @Test func whereItCannotLieNothingIsLeftAndTheReasonIsTold() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let cards = CardFolder(path: folder.path)
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("id.pdf/taken"), withIntermediateDirectories: true)
        let error = #expect(throws: CardError.self) { try cards.put("id", pdf: [], text: []) }
        #expect(error?.description == "id.pdf: Is a directory")
        #expect(try names == ["id.pdf"])
    }
}
