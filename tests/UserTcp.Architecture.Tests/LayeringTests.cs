using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>Dependencies between rooms point down only, in the compiled code and in the <c>using</c> lines.</summary>
public sealed partial class LayeringTests
{
    // A namespace with a word in it that every room may use; the compiled code tells who uses more of it.
    private const string Vocabulary = "Diagnostics";

    [Fact]
    public void Rooms_use_only_the_rooms_below_them() => Expect.None(
        House.Rules.Violations(House.References, House.RoomOf),
        "Dependencies between rooms that the plan does not have:");

    [Fact]
    public void Files_import_only_the_rooms_below_them()
    {
        var found =
            from file in Repository.CSharp(House.Library)
            let room = House.RoomOfFile(file.Path)
            where House.Rules.MayUse.ContainsKey(room)
            from Match match in UsingLine().Matches(file.Text)
            let used = match.Groups[1].Value
            where used != room && used != Vocabulary && House.Rules.MayUse.ContainsKey(used)
            where !House.Rules.MayUse[room].Contains(used)
            select $"{file.Path}: {match.Value}";
        Expect.None(found, "Imports of rooms that are not below:");
    }

    [Fact]
    public void Every_folder_of_the_library_is_a_room_with_rules()
    {
        var rooms = Repository.CSharp(House.Library)
            .Select(file => House.RoomOfFile(file.Path))
            .Where(room => room.Length > 0);
        Expect.None(rooms.Except(House.Rules.MayUse.Keys), "Folders that the layering rules do not name:");
    }

    [Fact]
    public void Every_compiled_type_is_found_in_a_source_file()
    {
        var types = House.References.Select(reference => TypeReference.Outermost(reference.Source)).Distinct();
        var lost = types.Where(type =>
            type.StartsWith("UserTcp.", StringComparison.Ordinal) && House.RoomOf(type) is null);
        Expect.None(lost, "Types that the source scan does not find, and so the layering test does not judge:");
    }

    [Fact]
    public void Nothing_below_Tcp_holds_its_owner()
    {
        FieldGraph graph = FieldGraph.Of(House.References, type => House.RoomOf(type) == "Tcp");
        Expect.None(
            graph.Cycles(), "Fields that lead back to the object that holds them (values go down, values come up):");
    }

    [Fact]
    public void The_parts_of_the_machine_do_not_hold_each_other()
    {
        // Send steers congestion control, which knows nobody; sender and receiver exchange values through the Tcb.
        string[][] strangers =
        [
            ["Send", "Receive"], ["Receive", "Send"],
            ["Receive", "Congestion"], ["Congestion", "Send"], ["Congestion", "Receive"],
        ];
        var found =
            from reference in House.References
            where reference.IsField && reference.IsLocal
            from pair in strangers
            where IsIn(reference.Source, pair[0]) && (IsIn(reference.Target, pair[1]) || IsMachine(reference.Target))
            select reference.ToString();
        Expect.None(found, "Fields between the siblings of the machine, or from a part to the machine:");
    }

    [Fact]
    public void No_part_of_a_shard_takes_a_shard_or_a_host_whole() => Expect.None(
        FieldGraph.Mentions(House.References, type => House.RoomOf(type) == "Stack" && !IsWhole(type), IsWhole),
        "Parts that could reach everything (they take what they need, each by its name):");

    [Fact]
    public void The_parts_of_a_shard_do_not_hold_each_other_in_a_circle()
    {
        var parts = House.References
            .Where(reference => reference.Source == Shard && House.RoomOf(reference.Target) == "Stack")
            .Where(reference => reference.TargetMember == ".ctor")
            .Select(reference => reference.Target)
            .ToHashSet();
        Assert.Contains("UserTcp.Stack.Connections", parts);
        Assert.Contains("UserTcp.Stack.Egress", parts);
        Expect.None(FieldGraph.Of(House.References, parts.Contains).Cycles(), "Parts that lead back to themselves:");
    }

    /// <summary>
    /// The machine follows the sections of an RFC, and is as long as they are. A name stands here only while it is
    /// needed.
    /// </summary>
    [Fact]
    public void No_class_is_too_long_to_be_read()
    {
        const int mostLines = 600;
        string[] may = ["UserTcp.Tcp.Tcb", "UserTcp.Runtime.RunningStack"];
        var found = SourceMap.Types(Repository.CSharp("src"))
            .GroupBy(type => type.FullName)
            .Select(type => (Name: type.Key, Lines: type.Sum(part => part.File.Text.Count(c => c == '\n'))))
            .Where(type => type.Lines > mostLines)
            .ToList();
        Expect.None(
            found.Where(type => !may.Contains(type.Name)).Select(type => $"{type.Name}: {type.Lines} lines"),
            $"Classes of more than {mostLines} lines in all their files:");
        Expect.None(
            may.Except(found.Select(type => type.Name)), "Exceptions that are not needed any more:");
    }

    [Fact]
    public void Companion_packages_see_no_internals()
    {
        string[] friends =
        [
            "UserTcp.Tests", "UserTcp.Lab.Tests", "UserTcp.Architecture.Tests", "UserTcp.Benchmarks", "UserTcp.Testing",
            "UserTcp.Packetdrill.Tests", "UserTcp.Simulation.Tests", "UserTcp.Fuzz", "UserTcp.Fuzz.Tests",
        ];
        var named = House.Shipped.SelectMany(assembly =>
            assembly.GetCustomAttributes<InternalsVisibleToAttribute>().Select(attribute => attribute.AssemblyName));
        Expect.None(named.Except(friends), "InternalsVisibleTo is for simulator, tests, benchmarks; these are none:");
    }

    private const string Shard = "UserTcp.Stack.Shard";

    private static bool IsWhole(string type) => TypeReference.Outermost(type) is Shard or "UserTcp.Stack.Host";

    private static bool IsIn(string type, string part) =>
        type.StartsWith($"UserTcp.Tcp.{part}.", StringComparison.Ordinal);

    private static bool IsMachine(string type) => type is "UserTcp.Tcp.Tcb" or "UserTcp.Tcp.PassiveOpen";

    [GeneratedRegex(@"^using (?:static |\w+ = )?UserTcp\.(\w+)[\w.]*;", RegexOptions.Multiline)]
    private static partial Regex UsingLine();
}
