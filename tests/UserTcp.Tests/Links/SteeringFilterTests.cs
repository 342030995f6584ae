using FsCheck;
using FsCheck.Xunit;
using UserTcp.Links;
using UserTcp.Links.Native;
using UserTcp.Wire;

namespace UserTcp.Tests.Links;

/// <summary>The program for the kernel computes what <see cref="Steering"/> computes.</summary>
public class SteeringFilterTests
{
    [Property(MaxTest = 1000)]
    public void Packets_of_flows_go_where_the_formula_says(DoNotSize<ulong> seed)
    {
        var flow = new SteeredFlow(seed.Item);
        FilterInstruction[] program = SteeringFilter.Compile(flow.Steering);

        Assert.Equal(flow.Steering.ShardOf(flow.Key), (int)FilterMachine.Run(program, flow.Packet()));
    }

    [Property(MaxTest = 1000)]
    public void Packets_that_were_changed_or_cut_off_go_where_the_parser_says(
        DoNotSize<ulong> seed, DoNotSize<uint> place, byte change)
    {
        var flow = new SteeredFlow(seed.Item);
        FilterInstruction[] program = SteeringFilter.Compile(flow.Steering);
        byte[] packet = flow.Packet();
        packet[(int)(place.Item % (uint)Math.Min(packet.Length, 50))] ^= change;
        for (int length = 0; length <= packet.Length; length++)
        {
            ReadOnlySpan<byte> bytes = packet.AsSpan(0, length);
            Assert.Equal(flow.Steering.ShardOf(bytes), (int)FilterMachine.Run(program, bytes));
        }
    }

    [Property(MaxTest = 1000)]
    public void Every_value_of_the_fields_that_decide_is_judged_alike(DoNotSize<ulong> seed, byte value)
    {
        var flow = new SteeredFlow(seed.Item);
        FilterInstruction[] program = SteeringFilter.Compile(flow.Steering);
        int[] fields = flow.Key.Family.IsV4 ? [0, 6, 7, 9, 16] : [0, 6, 24, 40, 41];
        foreach (int field in fields)
        {
            byte[] packet = flow.Packet();
            packet[field] = value;
            Assert.Equal(flow.Steering.ShardOf(packet), (int)FilterMachine.Run(program, packet));
        }
    }

    [Property]
    public void Random_bytes_are_judged_alike(DoNotSize<ulong> seed, byte[] bytes)
    {
        var flow = new SteeredFlow(seed.Item);
        FilterInstruction[] program = SteeringFilter.Compile(flow.Steering);
        foreach (byte[] packet in (byte[][])[bytes, [0x45, .. bytes], [0x60, .. bytes]])
        {
            Assert.Equal(flow.Steering.ShardOf(packet), (int)FilterMachine.Run(program, packet));
        }
    }

    [Fact]
    public void All_jumps_of_the_program_stay_in_it_and_it_ends_by_a_return()
    {
        FilterInstruction[] program = SteeringFilter.Compile(new Steering(5, 77));
        for (int i = 0; i < program.Length; i++)
        {
            Assert.InRange(i + program[i].IfTrue, 0, program.Length - 1);
            Assert.InRange(i + program[i].IfFalse, 0, program.Length - 1);
        }

        Assert.Equal(new FilterInstruction(0x06, 0, 0, 0), program[^1]);
        Assert.InRange(program.Length, 1, 4096); // BPF_MAXINSNS
    }
}
