namespace UserTcp.Architecture.Tests.Support;

/// <summary>Assertions whose failure is the list of what is wrong.</summary>
internal static class Expect
{
    public static void None(IEnumerable<string> found, string rule)
    {
        List<string> list = found.Distinct().Order(StringComparer.Ordinal).ToList();
        if (list.Count > 0)
            Assert.Fail($"{rule}\n  {string.Join("\n  ", list)}");
    }
}
