import Model
import Testing

struct LanguageTagTests {
    @Test(arguments: [
        ("nl", "nl"), ("NL", "nl"), ("nl-be", "nl-BE"), ("zh-hANT-tw", "zh-Hant-TW"), ("es-419", "es-419"),
        ("sr-latn", "sr-Latn"), ("fil", "fil"),
    ])
    func aTagIsReadInWhateverCase(text: String, tag: String) {
        #expect(LanguageTag(text)?.description == tag)
    }

    @Test(arguments: ["", "-", "xx", "dutch", "nl-", "nl_BE", "nl-BEL", "nl-BE-Latn", "nl-NL-u-ca", "n1", "ned", "ńl"])
    func whatIsNoTagIsNone(text: String) {
        #expect(LanguageTag(text) == nil)
    }

    @Test(arguments: [
        ("nl_BE.UTF-8", "nl-BE"), ("nl-NL-u-ca-buddhist", "nl-NL"), ("de_DE@euro", "de-DE"),
        ("zh_Hant_TW", "zh-Hant-TW"),
        ("en-US-posix", "en-US"), ("nl", "nl"),
    ])
    func whatIsSaidIsReadAsFarAsItIsKnown(text: String, tag: String) {
        #expect(LanguageTag(saidBy: text)?.description == tag)
    }

    @Test func nothingIsMadeOfWhatNamesNoLanguage() {
        for text in ["", "C", "POSIX", "C.UTF-8", "klingon", "\u{0}nl"] { #expect(LanguageTag(saidBy: text) == nil) }
    }

    @Test(arguments: [
        ("nl", "nl"), ("nl-BE", "nl-BE nl"), ("sr-Latn-RS", "sr-Latn-RS sr-Latn sr-RS sr"),
        ("zh-Hant-TW", "zh-Hant-TW zh-TW zh-Hant"), ("zh-Hant", "zh-Hant"), ("zh-Hant-CN", "zh-Hant-CN zh-Hant"),
        ("zh-TW", "zh-TW zh-Hant-TW zh-Hant zh"), ("zh-Hans-CN", "zh-Hans-CN zh-CN zh-Hans zh"), ("zh-CN", "zh-CN zh"),
        ("zh", "zh"), ("nb-NO", "nb-NO nb no-NO no"), ("no", "no nb"),
    ])
    func aTagIsAKindOfOthers(text: String, kinds: String) {
        #expect(LanguageTag(text)?.fallbacks.map(\.description).joined(separator: " ") == kinds)
    }

    @Test func formerCodesAreThoseOfToday() {
        #expect(["iw", "in_ID", "ji"].map { LanguageTag(saidBy: $0)?.description } == ["he", "id-ID", "yi"])
    }
}
