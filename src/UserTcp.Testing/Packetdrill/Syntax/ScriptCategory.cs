using System.Text.RegularExpressions;

namespace UserTcp.Testing.Packetdrill.Syntax;

/// <summary>What a script needs, by its words alone: it may be more than can be read.</summary>
internal static partial class ScriptCategory
{
    public static PacketdrillCategory Of(string script)
    {
        string text = Comments().Replace(script, "");
        if (Ipv6().IsMatch(text))
            return PacketdrillCategory.Ipv6;
        if (FastOpen().IsMatch(text))
            return PacketdrillCategory.FastOpen;
        if (Udp().IsMatch(text))
            return PacketdrillCategory.UdpEncapsulation;
        if (AccurateEcn().IsMatch(text))
            return PacketdrillCategory.AccurateEcn;

        return Unprotected().IsMatch(text) ? PacketdrillCategory.Unprotected : PacketdrillCategory.Plain;
    }

    [GeneratedRegex(@"(?<![:\w])//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"ip_version\s*=\s*""?(ipv6|ipv4-mapped)|AF_INET6|_ip\s*=\s*""?[0-9a-fA-F]*:")]
    private static partial Regex Ipv6();

    [GeneratedRegex(@"fastopen|FASTOPEN|[<,]\s*FO(EXP)?\b")]
    private static partial Regex FastOpen();

    [GeneratedRegex(@"udp_encapsulation|UDP_ENCAPS|udp_tunneling_port=[1-9]|/udp\(")]
    private static partial Regex Udp();

    // The option, four or more bits of a counter among the flags, or a setting that asks for it.
    [GeneratedRegex(@"AccECN|ACCECN|accecn|[<,]\s*(ECN|EXP-?ECN)\b|tcp_ecn=[3-9]|ecn\.enable=[3-9]|tcp_ecn_option")]
    private static partial Regex AccurateEcn();

    [GeneratedRegex(@"insecure_(rst|syn|ack)=1")]
    private static partial Regex Unprotected();
}
