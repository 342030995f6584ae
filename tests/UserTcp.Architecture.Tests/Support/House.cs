using System.Reflection;

namespace UserTcp.Architecture.Tests.Support;

/// <summary>The rooms of the library: who declares what, who may use whom (src/ARCHITECTURE.md says why).</summary>
internal static class House
{
    public const string Library = "src/UserTcp";

    /// <summary>The rooms below the door: no clock, no randomness, no threads, no I/O.</summary>
    public static readonly string[] Core = ["Primitives", "Wire", "Buffers", "Tcp", "Ip", "Stack"];

    public static readonly LayerRules Rules = new()
    {
        MayUse = new Dictionary<string, string[]>
        {
            ["Primitives"] = [],
            ["Wire"] = ["Primitives"],
            ["Buffers"] = ["Primitives"],
            ["Tcp"] = ["Primitives", "Wire", "Buffers"],
            ["Ip"] = ["Primitives", "Wire"],
            ["Links"] = ["Primitives", "Wire", "Buffers"],
            ["Pipes"] = ["Primitives", "Buffers"],
            ["Stack"] = ["Primitives", "Wire", "Buffers", "Tcp", "Ip", "Links"],
            ["Diagnostics"] = ["Primitives", "Wire", "Buffers", "Tcp", "Ip", "Links", "Stack"],
            ["Runtime"] =
                ["Primitives", "Wire", "Buffers", "Tcp", "Ip", "Links", "Pipes", "Stack", "Diagnostics"],
        },
        Vocabulary = new HashSet<string>
        {
            "UserTcp.MacAddress",
            "UserTcp.UserTcpCloseReason",
            "UserTcp.UserTcpAddressState",
            "UserTcp.UserTcpConnectionException",
            "UserTcp.Diagnostics.PacketDropReason",
            "UserTcp.UserTcpRecoveryState",
            "UserTcp.CongestionControl",
            "UserTcp.ICongestionController",
            "UserTcp.CongestionContext",
            "UserTcp.CongestionAck",
            "UserTcp.CongestionRateSample",
            "UserTcp.CongestionSend",
            "UserTcp.CongestionSignal",
            "UserTcp.CongestionCause",
            "UserTcp.UserTcpLossRecoveryOptions",
            "UserTcp.UserTcpEcnMode",
            "UserTcp.UserTcpSynCookieMode",
        },
        // Only Runtime holds a device: the stack sees frames and the link's properties.
        OnlyTypes = new Dictionary<(string, string), string[]>
        {
            [("Stack", "Links")] =
            [
                "UserTcp.Links.LinkInfo",
                "UserTcp.Links.LinkFeatures",
                "UserTcp.Links.LinkMedium",
                "UserTcp.Links.LinkStatistics",
                "UserTcp.Links.FrameOffload",
                "UserTcp.Links.FrameOffloadFlags",
                "UserTcp.Links.SegmentationOffload",
                "UserTcp.Links.TxFrame",
                "UserTcp.Links.RxFrame",
                "UserTcp.Links.RxBatch",
            ],
        },
    };

    private static readonly Lazy<IReadOnlyDictionary<string, string>> s_rooms = new(() =>
        SourceMap.Types(Repository.CSharp(Library))
            .DistinctBy(type => type.FullName)
            .ToDictionary(type => type.FullName, type => RoomOfFile(type.File.Path)));

    private static readonly Lazy<IReadOnlyCollection<TypeReference>> s_references =
        new(() => AssemblyReader.Read(typeof(MacAddress).Assembly.Location));

    public static IReadOnlyCollection<TypeReference> References => s_references.Value;

    public static Assembly[] Shipped =>
    [
        typeof(MacAddress).Assembly, Assembly.Load("UserTcp.AspNetCore"), Assembly.Load("UserTcp.Extensions.Hosting"),
        Assembly.Load("UserTcp.Gateway"), Assembly.Load("UserTcp.Testing"),
    ];

    /// <summary>
    /// The room of a type: the folder of the file that declares it, whatever its namespace. Empty for the root, null
    /// for what the compiler made.
    /// </summary>
    public static string? RoomOf(string type) => s_rooms.Value.GetValueOrDefault(TypeReference.Outermost(type));

    /// <summary>
    /// <c>src/UserTcp/Tcp/Send/Sender.cs</c> lies in <c>Tcp</c>; <c>src/UserTcp/UserTcpStack.cs</c> in the root.
    /// </summary>
    public static string RoomOfFile(string path)
    {
        string[] parts = path[(Library.Length + 1)..].Split('/');
        return parts.Length > 1 ? parts[0] : "";
    }

    public static bool IsCore(TypeReference reference) => RoomOf(reference.Source) is { } room && Core.Contains(room);
}
