using UserTcp.Architecture.Tests.Support;
using UserTcp.Stack;

namespace UserTcp.Architecture.Tests;

/// <summary>
/// Shards run at the same time, each under a lock of its own. So what two of them can both reach never changes, or it
/// is named here.
/// </summary>
public sealed class SharingTests
{
    private const string Fixtures = "UserTcp.Architecture.Tests.Fixtures.Shared.";

    /// <summary>Each with the reason why it may be shared. A name stands here only while it is needed.</summary>
    private static readonly Dictionary<string, string> s_shared = new()
    {
        ["UserTcp.Primitives.SharedCount"] = "interlocked",
        ["UserTcp.Primitives.RateLimit"] = "interlocked",
        ["UserTcp.Stack.StackConfig.Chunks"] = "each shard makes a pool of its own under this one's budget",
        ["UserTcp.Stack.StackConfig.Addresses"] = "a list that is made of the options, and then read only",
        ["UserTcp.Stack.StackConfig.Routes"] = "a list that is made of the options, and then read only",
        ["UserTcp.Ip.RoutingTable._routes"] = "filled by the constructor, and then read only",
        ["UserTcp.Ip.RoutingTable._view"] = "replaced as a whole, under the door of shard 0",
        ["UserTcp.Stack.HandOver._memory"] = "of one shard at a time",
        ["UserTcp.Tcp.TcpConfig.ChallengeBudget"] = "none before a shard completes the settings with its own",
        ["UserTcp.Tcp.TcpConfig.SegmentRings"] = "none before a shard completes the settings with its own",
        ["UserTcp.Tcp.TcpConfig.CongestionControl"] = "one controller for each connection; thread-safe",
    };

    /// <summary>The identity, and what the caller gives to several shards: calls, and what one has for another.</summary>
    [Fact]
    public void What_shards_share_never_changes_or_is_named()
    {
        var shared = new SharedState(s_shared.Keys);
        foreach (Type type in (Type[])[typeof(Host), typeof(ListenCall), typeof(ConnectCall), typeof(HandOver)])
        {
            shared.Walk(type);
        }

        Expect.None(shared.Found, "What two shards can both reach and one may change:");
        Expect.None(s_shared.Keys.Except(shared.Used), "Names that are not needed any more:");
    }

    [Fact]
    public void Static_fields_below_the_door_never_change()
    {
        var shared = new SharedState([]);
        foreach (Type type in typeof(Host).Assembly.GetTypes())
        {
            bool isCompilerMade = type.FullName!.Contains('<', StringComparison.Ordinal);
            if (!isCompilerMade && !type.ContainsGenericParameters && House.RoomOf(type.FullName) is { } room
                && House.Core.Contains(room))
            {
                shared.WalkStatics(type);
            }
        }

        Expect.None(shared.Found, "Static fields that shards share and one may change:");
    }

    [Theory]
    [InlineData("IsAssigned", "Count may be assigned")]
    [InlineData("HasAProperty", "Count may be assigned")]
    [InlineData("HasAList", "List is a ")]
    [InlineData("HasAnArray", "Bytes is a ")]
    [InlineData("HasAnInterface", "Anybody is a ")]
    [InlineData("HasADelegate", "Call is a ")]
    [InlineData("HasItInside", "Fixtures.Shared.IsAssigned.Count may be assigned")]
    [InlineData("HasItInAStruct", "Fixtures.Shared.Pair.Bytes is a ")]
    [InlineData("InheritsIt", "Fixtures.Shared.Base.Count may be assigned")]
    public void What_may_change_is_found(string type, string complaint) => Assert.Contains(
        complaint, Assert.Single(new SharedState([]).Walk(Fixture(type)).Found), StringComparison.Ordinal);

    [Fact]
    public void What_never_changes_is_not_accused() =>
        Assert.Empty(new SharedState([]).Walk(Fixture("Fixed")).WalkStatics(Fixture("Fixed")).Found);

    [Fact]
    public void A_static_field_that_may_change_is_found() =>
        Assert.Single(new SharedState([]).WalkStatics(Fixture("IsStatic")).Found);

    [Fact]
    public void A_name_allows_what_it_names_and_is_known_to_be_needed()
    {
        const string list = Fixtures + "HasAList.List";
        var shared = new SharedState([list, "UserTcp.Nobody"]);
        Assert.Empty(shared.Walk(Fixture("HasAList")).Found);
        Assert.Equal([list], shared.Used);
    }

    private static Type Fixture(string name) =>
        typeof(SharingTests).Assembly.GetType(Fixtures + name, throwOnError: true)!;
}
