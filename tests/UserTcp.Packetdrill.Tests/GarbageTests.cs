using System.Text.RegularExpressions;
using UserTcp.Testing;
using UserTcp.Testing.Packetdrill;

namespace UserTcp.Packetdrill.Tests;

/// <summary>Whatever a script says, running it ends, and ends with a result.</summary>
public sealed class GarbageTests
{
    private const int Rounds = 40;

    private static readonly string[] s_pieces =
    [
        "+", "-", "(", ")", "[", "]", "{", "}", "<", ">", "...", "99999999999", "-1", "0x", "`", "%{", "}%", "sack ",
        "1:1(0)", "ack", "win", "\n", "\"", "~", "*", "S.", "R", "F.", "icmp unreachable", "assert",
        "#ifdef X\n", "= 0",
    ];

    [Theory]
    [MemberData(nameof(OwnScripts.Scripts), MemberType = typeof(OwnScripts))]
    public void A_spoilt_script_ends_with_a_result(string name)
    {
        string text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "scripts", name));
        var random = new SeededRandom((ulong)name.Length * 7919 + name[0]);
        for (int i = 0; i < Rounds; i++)
        {
            string spoilt = Spoil(text, random);
            PacketdrillResult result = new PacketdrillScript(spoilt, name).Run();
            Assert.True(Enum.IsDefined(result.Outcome));
            Assert.Equal(result.Outcome == PacketdrillOutcome.Passed, result.Message.Length == 0);
        }
    }

    private static readonly string[] s_numbers =
        ["-1", "0", "1", "65535", "65536", "2147483648", "-2147483649", "4294967295", "9000000000000000000", "0xffff"];

    [Theory]
    [MemberData(nameof(OwnScripts.Scripts), MemberType = typeof(OwnScripts))]
    public void A_script_of_other_numbers_ends_with_a_result(string name)
    {
        string text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "scripts", name));
        MatchCollection numbers = Regex.Matches(text, @"(?<=[\[\s,(:])\d+(?=[\],);:\s])");
        var random = new SeededRandom((ulong)name.Length * 104_729 + name[^5]);
        for (int i = 0; i < Rounds; i++)
        {
            Match number = numbers[random.Next(numbers.Count)];
            string spoilt = text.Remove(number.Index, number.Length)
                .Insert(number.Index, s_numbers[random.Next(s_numbers.Length)]);
            Assert.True(Enum.IsDefined(new PacketdrillScript(spoilt, name).Run().Outcome));
        }
    }

    private static string Spoil(string text, SeededRandom random)
    {
        int at = random.Next(text.Length);
        int length = Math.Min(random.Next(12), text.Length - at);
        return random.Chance(0.5) ? text.Remove(at, length) : text.Insert(at, s_pieces[random.Next(s_pieces.Length)]);
    }
}
