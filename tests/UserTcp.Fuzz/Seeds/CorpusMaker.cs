using System.Buffers.Binary;
using UserTcp.Primitives;
using UserTcp.Testing;
using UserTcp.Testing.Network;
using UserTcp.Testing.Packetdrill;
using UserTcp.Testing.Packetdrill.Running;
using UserTcp.Testing.Swarm;
using UserTcp.Wire;

namespace UserTcp.Fuzz.Seeds;

/// <summary>Makes the corpus: from the scripts, from the swarm, and from what a fuzzer has found before.</summary>
internal static class CorpusMaker
{
    private const int SwarmSeeds = 200;
    private const int MostBytes = 1_000_000;

    public static int Make(string scripts, string file, IReadOnlyList<string> folders)
    {
        IEnumerable<byte[]> drawn = FromScripts(scripts).Concat(FromSwarm());
        IEnumerable<byte[]> found = folders
            .SelectMany(static folder => Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            .Select(File.ReadAllBytes);
        var kept = new List<byte[]>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        int bytes = 0;
        foreach (byte[] input in drawn.Concat(found))
        {
            byte[] start = input[..Math.Min(input.Length, FuzzRun.MaxInput)];
            if (start.Length <= FuzzSettings.Bytes || bytes + start.Length > MostBytes
                || !known.Add(Convert.ToHexString(start)))
            {
                continue;
            }

            bytes += start.Length + 2;
            kept.Add(start);
        }

        Corpus.Save(file, kept);
        Console.WriteLine($"{kept.Count} inputs, {bytes} bytes in {file}");
        return 0;
    }

    private static IEnumerable<byte[]> FromScripts(string folder)
    {
        var files = Directory.EnumerateFiles(folder, "*.pkt", SearchOption.AllDirectories);
        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            PacketdrillResult result = PacketdrillScript.Load(file).Run();
            var translation = new Translation(VirtualMachine.Start);
            foreach (WirePacket packet in result.Packets)
            {
                translation.Add(packet.At, packet.Bytes, packet.IsInbound);
            }

            yield return translation.ToInput();
        }
    }

    private static IEnumerable<byte[]> FromSwarm()
    {
        for (ulong seed = 1; seed <= SwarmSeeds; seed++)
        {
            using var run = new SwarmRun(PlanMaker.Make(seed));
            var tap = new Tap(run.Network.Time);
            run.Hosts[0].Link.Taps.Add(tap);
            run.Run();
            byte[] input = tap.Translation.ToInput();
            ulong options = SipHash.Unkeyed.Hash(seed, 1); // the scripts have the usual ones
            BinaryPrimitives.WriteUInt32LittleEndian(input, (uint)options);
            yield return input;
        }
    }

    private sealed class Tap(Instant start) : IFrameTap
    {
        public Translation Translation { get; } = new(start);

        public void OnSent(ReadOnlySpan<byte> frame, Instant now) => Add(frame, now, isInbound: false);

        public void OnReceived(ReadOnlySpan<byte> frame, Instant now) => Add(frame, now, isInbound: true);

        public void Flush()
        {
        }

        private void Add(ReadOnlySpan<byte> frame, Instant now, bool isInbound)
        {
            if (EthernetHeader.TryParse(frame, out EthernetHeader header) && header.EtherType == EtherType.Ipv4)
                Translation.Add(now, header.Payload, isInbound);
        }
    }
}
