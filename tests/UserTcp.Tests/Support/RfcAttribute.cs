namespace UserTcp.Tests.Support;

/// <summary>
/// Names the requirement that a test shows to hold: a section, and the tags of RFC 9293 where there are any.
/// </summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
internal sealed class RfcAttribute(string section, params string[] tags) : Attribute
{
    public string Section { get; } = section;

    public IReadOnlyList<string> Tags { get; } = tags;
}
