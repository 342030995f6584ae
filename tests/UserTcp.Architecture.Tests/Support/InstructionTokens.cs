using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace UserTcp.Architecture.Tests.Support;

/// <summary>The metadata tokens that a method's instructions name.</summary>
internal static class InstructionTokens
{
    private static readonly Dictionary<ushort, OperandType> s_operands = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => unchecked((ushort)code.Value), code => code.OperandType);

    public static IReadOnlyList<EntityHandle> Read(BlobReader code)
    {
        var tokens = new List<EntityHandle>();
        while (code.RemainingBytes > 0)
        {
            ushort value = code.ReadByte();
            if (value == 0xFE)
                value = (ushort)(0xFE00 | code.ReadByte());

            if (Token(ref code, s_operands[value]) is { } token)
                tokens.Add(token);
        }

        return tokens;
    }

    private static EntityHandle? Token(ref BlobReader code, OperandType operand)
    {
        switch (operand)
        {
            case OperandType.InlineNone:
                return null;
            case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineType or OperandType.InlineTok
                or OperandType.InlineSig:
                return (EntityHandle)MetadataTokens.Handle(code.ReadInt32());
            case OperandType.InlineSwitch:
                int branches = code.ReadInt32();
                code.Offset += 4 * branches;
                return null;
            default:
                code.Offset += Width(operand);
                return null;
        }
    }

    private static int Width(OperandType operand) => operand switch
    {
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };
}
